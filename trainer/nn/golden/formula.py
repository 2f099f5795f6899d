"""Numbers that the other side makes too, without a file: a hash of (name, position).

murmur3's finaliser of the position plus a multiple of the sum of the name's characters, as a number in [-scale, scale).
"""


def mixed(word):
    word = ((word ^ (word >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    word = ((word ^ (word >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return word ^ (word >> 16)


def numbers(name, count, scale):
    begin = 1000003 * sum(map(ord, name))
    return [scale * (mixed((begin + i) & 0xFFFFFFFF) / 2**31 - 1) for i in range(count)]
