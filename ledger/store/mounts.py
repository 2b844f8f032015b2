"""Which file system a file is on. A database of several processes on a network one is spoilt sooner or later."""

import re
from pathlib import Path

from ..errors import StorageError

MOUNTS = Path("/proc/mounts")
"""Where the system tells it; elsewhere nothing is refused."""
_NETWORK = frozenset(
    {
        *("afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs"),
        *("nfs", "nfs3", "nfs4", "ocfs2", "smb2", "smb3", "smbfs"),
        *("fuse.ceph", "fuse.davfs2", "fuse.gcsfuse", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
    }
)


def refuse_network(path: Path) -> None:
    """SQLite's locks and its shared memory do not reach another machine. Raises StorageError."""
    found = file_system(path)
    if found in _NETWORK:
        raise StorageError(
            f"{path} is on a network file system ({found}), where SQLite loses data",
            value=found,
            limit="a local disk",
            next="put it on a local disk, or share a PostgreSQL: postgresql://user@host/base",
        )


def file_system(path: Path) -> str | None:
    """The type of the file system that a file is on, or will be; None: the system does not tell."""
    try:
        lines = MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    here = path.resolve()
    best, found = -1, None
    for line in lines:
        _device, place, kind, *_ = [*line.split(" "), "", "", ""]
        point = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), place))
        # A later mount on the same point hides the earlier one.
        if here.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), kind
    return found
