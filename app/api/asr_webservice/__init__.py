"""The API of whisper-asr-webservice (github.com/ahmetoner/whisper-asr-webservice), which Bazarr speaks."""
