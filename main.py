"""The API: `uvicorn main:app`."""

from app.api.app import create_served_app
from app.core.lifeline import end_with_parent

app = create_served_app()
end_with_parent()
