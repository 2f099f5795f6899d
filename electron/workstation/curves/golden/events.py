"""
Event files as TensorBoard's own library writes them, for golden tests of the reader and the writer.

    pip install tensorboard==2.21.0 && python events.py > events.json
"""

import base64
import json
import os
import struct
import tempfile

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import tensor_util


def record(message: bytes) -> bytes:
    """The record of one message, by TensorBoard's own checksum."""
    length = struct.pack("<Q", len(message))
    sums = [struct.pack("<I", masked_crc32c(part)) for part in (length, message)]
    return length + sums[0] + message + sums[1]


def written(events) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        writer = EventFileWriter(folder)
        for event in events:
            writer.add_event(event)
        writer.close()
        (name,) = os.listdir(folder)
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()


def tensor(tag, step, value, kind, is_first):
    proto = tensor_util.make_tensor_proto(np.asarray(value, dtype=kind))
    summary = Summary.Value(tag=tag, tensor=proto)
    if is_first:
        summary.metadata.CopyFrom(
            SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"), data_class=1)
        )
    return Event(wall_time=1700000000.0 + step, step=step, summary=Summary(value=[summary]))


simple = [
    Event(
        wall_time=1700000000.25 + step,
        step=step,
        summary=Summary(
            value=[
                Summary.Value(tag="loss", simple_value=25.5 - step),
                Summary.Value(tag="lr", simple_value=float("nan") if step == 2 else 0.125 * step),
            ]
        ),
    )
    for step in (0, 1, 2, 300)
]
tensors = [tensor(f"of {kind}", step, 1.5 + step, kind, step == 0) for kind in ("float32", "float64", "float16") for step in (0, 1)]
tensors += [tensor(f"of {kind}", step, 7 + step, kind, step == 0) for kind in ("int32", "int64") for step in (0, 1)]
others = [
    Event(wall_time=1.0, step=5, summary=Summary(value=[Summary.Value(tag="picture", image=Summary.Image(height=1))])),
    Event(wall_time=1.0, step=5, summary=Summary(value=[Summary.Value(tag="text", tensor=tensor_util.make_tensor_proto("a"))])),
]
ours = [
    Event(wall_time=1700000000.5, file_version="brain.Event:2"),
    Event(
        wall_time=1700000001.5,
        step=300,
        summary=Summary(
            value=[
                Summary.Value(tag="loss", simple_value=25.5),
                Summary.Value(tag="probe/top1", simple_value=81.25),
            ]
        ),
    ),
]
cases = {
    "read": base64.b64encode(written(simple + tensors + others)).decode(),
    # What the writer here must write, byte by byte.
    "write": b"".join(record(event.SerializeToString(deterministic=True)) for event in ours).hex(),
}
print(json.dumps(cases, indent=2))
