"""Small Parquet files by Apache's own writer, for parquet.test.ts: every way in which a picture may be packed.

    pip install pyarrow==26.0.1 && python trainer/data/golden/parquet.py

Picture `i` is a PNG of 4 x 3 pixels, all of them (20 i, 255 - 20 i, i), of class i mod 3.
"""
import json
import struct
import zlib
from pathlib import Path

import pyarrow
from pyarrow import parquet

count = 12
folder = Path(__file__).parent


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(i):
    row = b"\0" + bytes([20 * i, 255 - 20 * i, i]) * 4
    header = struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * 3)) + chunk(b"IEND", b"")


def hub(name, **how):
    """As the Hub's library writes a data set of images."""
    images = pyarrow.array(
        [{"bytes": png(i), "path": f"n{i % 3:08}_{i}.JPEG"} for i in range(count)],
        pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())]),
    )
    labels = pyarrow.array([i % 3 for i in range(count)], pyarrow.int64())
    features = {
        "image": {"_type": "Image"},
        "label": {"names": ["tench", "goldfish", "great white shark"], "_type": "ClassLabel"},
    }
    note = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pyarrow.table({"image": images, "label": labels}).replace_schema_metadata(note)
    parquet.write_table(table, folder / f"{name}.parquet", row_group_size=5, **how)


def bare():
    """No names, some rows without a picture or a class."""
    images = pyarrow.array([None if i == 4 else png(i) for i in range(count)], pyarrow.binary())
    labels = pyarrow.array([None if i == 7 else i % 3 for i in range(count)], pyarrow.int32())
    table = pyarrow.table({"jpg": images, "label": labels, "tags": [["a", "b"]] * count})
    parquet.write_table(
        table, folder / "bare.parquet", compression="none", use_dictionary=False, data_page_version="2.0", data_page_size=1
    )


hub("snappy", compression="snappy", data_page_size=1)
hub("dictionary", compression="snappy", dictionary_pagesize_limit=1 << 20)
hub("fallen-back", compression="snappy", dictionary_pagesize_limit=150, write_batch_size=2, data_page_size=1)
hub("zstd", compression="zstd", use_dictionary=False, data_page_size=200)
hub("gzip", compression="gzip", use_dictionary=False, data_page_version="2.0")
hub(
    "deltas",
    compression="zstd",
    use_dictionary=False,
    data_page_version="2.0",
    column_encoding={
        "image.bytes": "DELTA_LENGTH_BYTE_ARRAY",
        "image.path": "DELTA_BYTE_ARRAY",
        "label": "DELTA_BINARY_PACKED",
    },
)
hub("brotli", compression="brotli", use_dictionary=["label"])
bare()
