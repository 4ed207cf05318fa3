"""The API of Deepgram for recordings (developers.deepgram.com/reference), which telephone programs speak."""
