"""Home Assistant's voice assistants (the Wyoming protocol), served by the HTTP API as any client is."""
