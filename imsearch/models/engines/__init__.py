"""What runs a model: OpenVINO on a CPU, torch on an accelerator. Each engine is an `imsearch.models.model.Embedder`."""
