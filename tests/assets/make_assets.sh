#!/usr/bin/env bash
# Makes every recording in this folder anew. Needs espeak-ng and ffmpeg; the tests need neither.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

encode() { # ffmpeg's options, the output last
    ffmpeg -nostdin -hide_banner -loglevel error -y "${@:1:$#-1}" -fflags +bitexact -flags +bitexact -map_metadata -1 "${@: -1}"
}

english="The weather is nice today. We will walk to the river and have lunch under the old tree."
russian="Сегодня хорошая погода. Мы пойдём к реке и пообедаем под старым деревом."
german="Das Wetter ist heute schön. Wir gehen mit den Kindern an den Fluss und essen unter dem alten Baum zu Mittag."
espeak-ng -v en-us -s 140 -w "$work/en.wav" "$english"
espeak-ng -v ru -s 130 -w "$work/ru.wav" "$russian"
espeak-ng -v de -s 150 -w "$work/de.wav" "$german"
espeak-ng -v en-us -s 140 -w "$work/left.wav" "The left speaker talks about apples."

# Speech that is in order
encode -i "$work/en.wav" -ar 16000 -ac 1 speech_en.flac
encode -i "$work/en.wav" -ar 8000 -ac 1 -c:a pcm_mulaw speech_en_mulaw_8k.wav
encode -i "$work/en.wav" -ar 24000 -b:a 32k speech_en.mp3
encode -i "$work/en.wav" -ar 44100 -ac 2 -c:a aac -b:a 48k -movflags +faststart speech_en_stereo.m4a
encode -i "$work/en.wav" -ar 48000 -c:a libopus -b:a 16k speech_en.webm
encode -i "$work/en.wav" -ar 8000 -ac 1 -c:a libgsm speech_en.gsm
encode -i "$work/en.wav" -ar 16000 -ac 1 -c:a libspeex speech_en.spx
encode -i "$work/en.wav" -ar 8000 -ac 1 -c:a dca -strict -2 -b:a 64k speech_en.dts
encode -i "$work/ru.wav" -ar 48000 -c:a libopus -b:a 20k speech_ru.ogg
encode -i "$work/de.wav" -ar 48000 -c:a libopus -b:a 20k speech_de.ogg
encode -i "$work/left.wav" -f lavfi -i "anullsrc=r=22050:cl=mono" -shortest \
    -filter_complex "[0][1]join=inputs=2:channel_layout=stereo" -c:a libopus -b:a 24k speech_left_channel_only.ogg
encode -f lavfi -i "color=c=blue:s=160x90:r=5:d=6" -i "$work/en.wav" -c:v libx264 -c:a aac -b:a 32k video_with_sound.mp4
encode -f lavfi -i "color=c=red:s=64x64:d=0.1" -frames:v 1 "$work/cover.png"
encode -i "$work/en.wav" -i "$work/cover.png" -map 0 -map 1 -c:a libmp3lame -b:a 32k -c:v png \
    -disposition:v attached_pic -id3v2_version 3 speech_en_with_cover.mp3

# No speech
encode -f lavfi -i "anullsrc=r=16000:cl=mono" -t 5 silence_5s.flac

# Nothing to hear
encode -f lavfi -i "color=c=blue:s=160x90:r=5:d=3" -c:v libx264 -an video_without_sound.mp4
encode -f lavfi -i "anullsrc=r=16000:cl=mono" -t 0 -c:a pcm_s16le zero_samples.wav
cp "$work/cover.png" picture_renamed.mp3
: >empty.mp3
for _ in $(seq 40); do echo "This is a shopping list and no recording: bread, milk, apples."; done >text_renamed.mp3

# Damage
encode -i "$work/en.wav" -ar 22050 -c:a aac -b:a 32k "$work/index_last.m4a"
head -c 12000 "$work/index_last.m4a" >truncated_without_index.m4a
head -c 20000 speech_en_stereo.m4a >truncated_after_index.m4a
encode -i "$work/en.wav" -ar 16000 -c:a pcm_s16le "$work/pcm.wav"
head -c 60000 "$work/pcm.wav" >truncated.wav
cp speech_en.mp3 damaged_middle.mp3
dd if=speech_en.flac of=damaged_middle.mp3 bs=1 skip=50000 count=3000 seek=6000 conv=notrunc status=none # as good as noise

python3 - "$work" <<'PYTHON'
"""Files that open but hold no sound: Ogg pages without audio, and an MP4 whose samples are noise."""
import random
import sys
from pathlib import Path

ogg = Path("speech_ru.ogg").read_bytes()
third_page = [at for at in range(len(ogg)) if ogg.startswith(b"OggS", at)][2]
Path("headers_only.ogg").write_bytes(ogg[:third_page])

mp4 = bytearray((Path(sys.argv[1]) / "index_last.m4a").read_bytes())
begin, end = mp4.index(b"mdat") + 4, mp4.index(b"moov") - 4
mp4[begin:end] = random.Random(1).randbytes(end - begin)
Path("noise_for_samples.m4a").write_bytes(mp4)
PYTHON
