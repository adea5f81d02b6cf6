"""Engines that run models: OpenVINO on a CPU, torch on an accelerator. Each is an `imsearch.models.model.Embedder`."""
