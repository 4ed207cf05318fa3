"""The API: `uvicorn main:app`."""

from app.api.app import create_app
from app.core.lifeline import end_with_parent

app = create_app()
end_with_parent()
