"""Names of all keys: the queue and the results as the settings say, everything else beside the queue."""

from dataclasses import dataclass

from app.core.config import Settings


@dataclass(frozen=True, slots=True)
class Keys:
    """Key names of one service.

    All derive from the queue's name and the result prefix: where both carry the same `{tag}`, all keys lie in
    one slot of a Redis Cluster.
    """

    queue: str
    result_prefix: str

    @classmethod
    def from_settings(cls, settings: Settings) -> "Keys":
        """The names that REDIS_QUEUE_NAME and REDIS_RESULTS_PREFIX ask for."""
        return cls(settings.redis_queue_name, settings.redis_results_prefix)

    @property
    def high(self) -> str:
        """LIST of waiting tasks that go first."""
        return f"{self.queue}:high"

    @property
    def delayed(self) -> str:
        """ZSET of tasks that wait for another attempt, by due time (ms)."""
        return f"{self.queue}:delayed"

    @property
    def dead(self) -> str:
        """LIST of dead letters, newest first, trimmed."""
        return f"{self.queue}:dead"

    @property
    def workers(self) -> str:
        """ZSET of workers by the end of their lease (ms)."""
        return f"{self.queue}:workers"

    @property
    def scanned(self) -> str:
        """STRING with TTL: the hourly scan has been made."""
        return f"{self.queue}:scanned"

    @property
    def swept(self) -> str:
        """STRING with TTL: the outbox has been swept."""
        return f"{self.queue}:swept"

    @property
    def swept_to_archive(self) -> str:
        """STRING with TTL: an API that has an archive has swept the outbox."""
        return f"{self.queue}:swept:archive"

    @property
    def collected(self) -> str:
        """STRING with TTL: what Redis alone holds has been looked through for the archive."""
        return f"{self.queue}:collected"

    @property
    def store(self) -> str:
        """STRING: id of the upload folder that the APIs of this queue have."""
        return f"{self.queue}:store"

    @property
    def store_alive(self) -> str:
        """STRING with TTL: an API that has that folder is alive."""
        return f"{self.queue}:store:alive"

    @property
    def troubles(self) -> str:
        """HASH with TTL of what workers cannot use, by worker."""
        return f"{self.queue}:troubles"

    def probe(self, kind: str) -> str:
        """A key of that type on which commands are tried; it is removed at once."""
        return f"{self.queue}:probe:{kind}"

    @property
    def processing_prefix(self) -> str:
        """What the names of all processing lists begin with."""
        return f"{self.queue}:processing:"

    @property
    def task_prefix(self) -> str:
        """What the names of all task hashes begin with."""
        return f"{self.queue}:task:"

    def processing(self, worker_id: str) -> str:
        """LIST of what that worker holds."""
        return f"{self.processing_prefix}{worker_id}"

    def task(self, task_id: str) -> str:
        """HASH of what is known about that task."""
        return f"{self.task_prefix}{task_id}"

    def windows(self, task_id: str) -> str:
        """HASH of the windows of that task that are done, while it is neither done nor given up."""
        return f"{self.queue}:windows:{task_id}"

    @property
    def help(self) -> str:
        """ZSET with TTL: long recordings that idle workers may help with, by the time (ms) until which."""
        return f"{self.queue}:help"

    def offers(self, task_id: str) -> str:
        """HASH with TTL: windows of that task that idle workers may borrow, and what they need to know."""
        return f"{self.queue}:offers:{task_id}"

    def loans(self, task_id: str) -> str:
        """ZSET with TTL of the windows on offer, by the end (ms) of their loan; 0: nobody has them."""
        return f"{self.queue}:loans:{task_id}"

    @property
    def index(self) -> str:
        """ZSET of all task ids by the time (ms) at which they came; ended ones leave it some time later."""
        return f"{self.queue}:index"

    @property
    def totals(self) -> str:
        """HASH of what all workers together have done."""
        return f"{self.queue}:totals"

    @property
    def pace(self) -> str:
        """HASH of the real-time factor of late, by model."""
        return f"{self.queue}:pace"

    @property
    def cost(self) -> str:
        """HASH of what recordings have cost of late, by model: seconds of workers, and of recordings."""
        return f"{self.queue}:cost"

    @property
    def index_prefix(self) -> str:
        """What the names of the owners' indexes begin with."""
        return f"{self.index}:"

    def index_of(self, owner: str | None) -> str:
        """ZSET like `index`, of the tasks of one owner; of nobody's, `index` itself."""
        return self.index if owner is None else f"{self.index_prefix}{owner}"

    @property
    def webhooks(self) -> str:
        """ZSET of tasks whose end is to be told, by the time (ms) of the next try."""
        return f"{self.queue}:webhooks"

    def request(self, owner: str | None, key: str) -> str:
        """STRING with TTL: the request of that owner that came with that key."""
        return f"{self.queue}:request:{owner or ''}:{key}"

    def acceptance(self, owner: str | None, key: str) -> str:
        """STRING with TTL: the request of that owner and that key is being accepted."""
        return f"{self.request(owner, key)}:accepting"

    def request_of(self, task_id: str) -> str:
        """STRING with TTL: name of the key of the request that became, or was to become, that task."""
        return f"{self.queue}:request-of:{task_id}"

    def content(self, owner: str | None, fingerprint: str) -> str:
        """STRING with TTL: id of the owner's last task of that content and those options."""
        return f"{self.queue}:content:{owner or ''}:{fingerprint}"

    def open_tasks(self, owner: str) -> str:
        """ZSET of the tasks of that API key that had not ended at the last look, by the time (ms) of their
        acceptance."""
        return f"{self.queue}:open:{owner}"

    def usage(self, owner: str, window: str) -> str:
        """HASH with TTL: what that API key has used in a day or a month."""
        return f"{self.queue}:usage:{owner}:{window}"

    @property
    def settled(self) -> str:
        """STRING with TTL: somebody has just looked which tasks of API keys have ended."""
        return f"{self.queue}:settled"

    @property
    def awaited(self) -> str:
        """ZSET of tasks that only a waiting caller knows of, by the time (ms) until which they are kept."""
        return f"{self.queue}:awaited"

    def shared(self, owner: str | None, fingerprint: str) -> str:
        """STRING with TTL: id of the owner's task that an equal request may take over."""
        return f"{self.queue}:shared:{owner or ''}:{fingerprint}"

    def result(self, task_id: str) -> str:
        """STRING: result of that task, as JSON."""
        return f"{self.result_prefix}{task_id}"
