"""What a release needs beside the tools that it calls: its version, checked, and its notes."""
