"""What the tests of buckets have in common."""

from app.schemas.resumable import ResumableUpload
from app.schemas.task import Task
from app.storage.bucket.storage import BucketStorage

TASK_ID = "0b9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c55"
TASK = Task(task_id=TASK_ID, file_path=f"{TASK_ID}.wav")
UPLOAD_ID = "0123456789abcdef0123456789abcdef"


def stored(storage: BucketStorage, content: bytes = b"sound", name: str = TASK_ID) -> Task:
    upload = storage.open_upload(name, "wav")
    upload.write(content)
    task = Task(task_id=name, file_path=upload.commit())
    storage.outbox.save(task)
    return task


def begun(storage: BucketStorage, content: bytes = b"") -> ResumableUpload:
    upload = ResumableUpload(upload_id=UPLOAD_ID, owner=None, length=None, filename="talk.wav")
    storage.resumables.create(upload)
    if content:
        sink = storage.resumables.lock(UPLOAD_ID)
        sink.write(content)
        sink.close()
    return upload
