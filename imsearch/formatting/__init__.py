"""Words that the faces share, and templates of drawings and pages."""
