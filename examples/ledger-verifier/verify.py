#!/usr/bin/env python3
"""Verifies a Tocsin register log (C2SP tlog-tiles) with nothing but Python's standard library, and no code of Tocsin's.

usage: verify.py BASE [--key VERIFIER] [--previous FILE] [--save FILE] [--leaf BASE64 --index N]

BASE is the address of a log (https://host/ledger) or the directory of an export. Exit 0: all is right. 1: it is not, after WRONG.
2: wrong use, or it cannot be told: the log, or a file that was named, cannot be read. That says nothing for or against the log.
"""
import argparse, base64, hashlib, http.client, json, os, sys, urllib.error, urllib.request

# Ed25519, RFC 8032 section 5.1: only what verifying takes.
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    total = (0, 1, 1, 0)
    while n:
        if n & 1:
            total = add(total, point)
        point, n = add(point, point), n >> 1
    return total


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def signed(public, text, signature):
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + text).digest(), "little") % Q
    base = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    a, b = times(s, base), add(point(signature[:32]), times(h, point(public)))
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def sha(data):
    return hashlib.sha256(data).digest()


def need(condition, what):
    if not condition:
        sys.exit(f"WRONG: {what}")


class CannotTell(Exception):
    """What is to be verified could not be read."""


def read_remote(url, required):
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        need(error.code not in (404, 410) or required, f"{url} is missing from the log")
        raise CannotTell(f"{url}: HTTP {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        raise CannotTell(f"{url}: {error}") from error


def read_file(name, required=True):
    try:
        with open(name, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        need(required, f"{name} is missing from the log")
        raise CannotTell(str(error)) from error
    except OSError as error:
        raise CannotTell(str(error)) from error


def parse_key(text):
    name, key_id, key = text.split("+", 2)
    key = base64.b64decode(key, validate=True)
    need(len(key) == 33 and key[0] == 1, "the key is not one of Ed25519")
    need(sha(name.encode() + b"\n" + key)[:4].hex() == key_id, "the id of the key is not its own")
    return name, key_id, key[1:]


def open_checkpoint(note, keys):
    """The origin, size and root of a note that one of the keys has signed (C2SP signed-note, tlog-checkpoint)."""
    text, _, lines = note.rpartition("\n\n")
    known = {(name, key_id): key for name, key_id, key in keys}
    count = 0
    for line in lines.splitlines():
        dash, name, signature = line.split(" ")
        data = base64.b64decode(signature, validate=True)
        key = known.get((name, data[:4].hex()))
        if dash == "\u2014" and key:
            need(signed(key, (text + "\n").encode(), data[4:]), f"the signature of {name} does not hold")
            count += 1
    need(count, "no known key has signed the checkpoint")
    origin, size, root = text.split("\n")
    need(any(name == origin for name, _, _ in keys), "the checkpoint is of another log")
    return origin, int(size), base64.b64decode(root, validate=True)


def above(nodes):
    """The next row of a Merkle tree; an odd one at the end goes up as it is (RFC 9162 section 2.1)."""
    pairs = [sha(b"\x01" + nodes[i] + nodes[i + 1]) for i in range(0, len(nodes) - 1, 2)]
    return pairs + nodes[len(pairs) * 2:]


def root_of(nodes):
    while len(nodes) > 1:
        nodes = above(nodes)
    return nodes[0] if nodes else sha(b"")


def path(level, number, width):
    digits = str(number)
    digits = digits.zfill((len(digits) + 2) // 3 * 3)
    groups = [digits[i:i + 3] for i in range(0, len(digits), 3)]
    name = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{name}" + ("" if width == 256 else f".p/{width}")


def leaves_of(fetch, size):
    """All leaf hashes, from the entries; every tile on the way must be what they amount to."""
    hashes = []
    for start in range(0, size, 256):
        width = min(256, size - start)
        bundle, at = fetch(path("entries", start // 256, width)), 0
        for _ in range(width):
            length = int.from_bytes(bundle[at:at + 2], "big")
            hashes.append(sha(b"\x00" + bundle[at + 2:at + 2 + length]))
            at += 2 + length
        need(at == len(bundle), f"bundle {start // 256} is not what its lengths say")
    level, row = 0, hashes
    while row:
        for start in range(0, len(row), 256):
            tile = row[start:start + 256]
            found = fetch(path(level, start // 256, len(tile)))
            need(found == b"".join(tile), f"tile {start // 256} of level {level} is not what its leaves amount to")
        row = [root_of(row[i:i + 256]) for i in range(0, len(row) // 256 * 256, 256)]
        level += 1
    return hashes


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("base")
    for name in ("--key", "--previous", "--save", "--leaf"):
        parser.add_argument(name)
    parser.add_argument("--index", type=int)
    given = parser.parse_args()
    remote = given.base.startswith(("http://", "https://"))

    def fetch(name):
        # Without these there is no log at all; what a signed checkpoint counts must be there.
        required = name in ("keys", "checkpoint")
        return read_remote(f"{given.base.rstrip('/')}/{name}", required) if remote else read_file(os.path.join(given.base, name), required)

    said = [given.key] if given.key else [one["verifier"] for one in json.loads(fetch("keys"))["keys"]]
    keys = [parse_key(one) for one in said]
    note = fetch("checkpoint").decode()
    origin, size, root = open_checkpoint(note, keys)
    hashes = leaves_of(fetch, size)
    need(root_of(hashes) == root, "the tree has not the root that was signed")
    if given.previous:
        _, before, earlier = open_checkpoint(read_file(given.previous).decode(), keys)
        need(before <= size, "the log is shorter than it was")
        need(root_of(hashes[:before]) == earlier, "the log is not a continuation of the earlier one")
    if given.leaf:
        leaf = sha(b"\x00" + base64.b64decode(given.leaf))
        need(given.index is not None and given.index < size and hashes[given.index] == leaf, "the leaf is not there")
    if given.save:
        try:
            with open(given.save, "w", encoding="utf-8") as file:
                file.write(note)
        except OSError as error:
            raise CannotTell(str(error)) from error
    print(f"All is right: {origin}, {size} leaves" + ("" if given.key else "; the key came with the log: keep it, and give it with --key"))


try:
    main()
except CannotTell as error:
    print(f"CANNOT TELL: {error}", file=sys.stderr)
    sys.exit(2)
except (ValueError, KeyError, IndexError) as error:
    sys.exit(f"WRONG: {type(error).__name__}: {error}")
