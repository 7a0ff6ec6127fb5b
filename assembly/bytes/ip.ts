// IP addresses and CIDR ranges: RFC 4291 §2.2, RFC 4632. IPv4 and IPv6 are strangers to each other, as for Envoy.
import { ABSENT, Span, byteAt, indexOf, lengthOf, slice } from "as-proxy-wasm-sdk/assembly";

/** The address of `1.2.3.4:80` or `[::1]:80`; ABSENT when the text is neither. */
export function withoutPort(text: Span): Span {
  if (byteAt(text, 0) == 0x5b) {
    const end = indexOf(text, 0x5d, 0);
    return end > 0 ? slice(text, 1, end) : ABSENT;
  }
  const colon = indexOf(text, 0x3a, 0);
  return colon > 0 ? slice(text, 0, colon) : ABSENT;
}

/** An address as 16 bytes in network order; of IPv4 the first four. */
export class IpAddress {
  /** 4, 6, or 0 for none. */
  version: i32 = 0;
  high: u64 = 0;
  low: u64 = 0;

  /** Reads an address; false when it is none. */
  parse(text: Span): bool {
    this.version = 0;
    if (indexOf(text, 0x3a, 0) >= 0) return this.parseV6(text);
    const value = v4Of(text);
    if (value < 0) return false;
    this.version = 4;
    this.high = (<u64>value) << 32;
    return true;
  }

  /** Reads `1.2.3.4:80` or `[::1]:80`, as Envoy writes addresses; false when it is none, or no IP address. */
  parseWithPort(text: Span): bool {
    return this.parse(withoutPort(text));
  }

  private parseV6(text: Span): bool {
    const length = lengthOf(text);
    let count = 0;
    // Groups in front of `::`, or -1.
    let gap = -1;
    let at: usize = 0;
    if (byteAt(text, 0) == 0x3a) {
      if (byteAt(text, 1) != 0x3a) return false;
      gap = 0;
      at = 2;
    }
    while (at < length) {
      if (count == 8) return false;
      let value: u32 = 0;
      const start = at;
      while (hexDigit(byteAt(text, at)) >= 0) {
        value = (value << 4) | hexDigit(byteAt(text, at));
        at++;
        if (at - start > 4) return false;
      }
      if (byteAt(text, at) == 0x2e) {
        // The last 32 bits may be written as IPv4.
        const last = v4Of(slice(text, start, length));
        if (count > 6 || last < 0) return false;
        put(count++, <u32>(last >> 16));
        put(count++, (<u32>last) & 0xffff);
        break;
      }
      if (at == start) return false;
      put(count++, value);
      if (at == length) break;
      if (byteAt(text, at++) != 0x3a) return false;
      if (byteAt(text, at) == 0x3a) {
        if (gap >= 0) return false;
        gap = count;
        at++;
      } else if (at == length) {
        return false;
      }
    }
    if (gap < 0 ? count != 8 : count > 7) return false;
    this.high = 0;
    this.low = 0;
    for (let i = 0; i < count; i++) {
      // Groups behind the gap stand at the end.
      const place = gap >= 0 && i >= gap ? i + 8 - count : i;
      const value = <u64>load<u16>(groups + ((<usize>i) << 1));
      if (place < 4) this.high |= value << ((3 - place) * 16);
      else this.low |= value << ((7 - place) * 16);
    }
    this.version = 6;
    return true;
  }
}

/** The number that `1.2.3.4` stands for; -1 for what is none. */
function v4Of(text: Span): i64 {
  let value: i64 = 0;
  let at: usize = 0;
  for (let i = 0; i < 4; i++) {
    let number: u32 = 0;
    const start = at;
    while (byteAt(text, at) - 0x30 <= 9) {
      number = number * 10 + (byteAt(text, at) - 0x30);
      at++;
      if (at - start > 3) return -1;
    }
    const digits = at - start;
    if (digits == 0 || number > 255 || (digits > 1 && byteAt(text, start) == 0x30)) return -1;
    value = (value << 8) | number;
    if (i < 3 && byteAt(text, at++) != 0x2e) return -1;
  }
  return at == lengthOf(text) ? value : -1;
}

const groups = memory.data(16, 8);

function put(i: i32, value: u32): void {
  if (i < 8) store<u16>(groups + ((<usize>i) << 1), <u16>value);
}

function maskOf(bits: i32): u64 {
  return bits >= 64 ? u64.MAX_VALUE : ((<u64>1) << bits) - 1;
}

function hexDigit(c: u8): i32 {
  if (c - 0x30 <= 9) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** A CIDR range, or one address. */
export class IpRange {
  private address: IpAddress = new IpAddress();
  private highMask: u64 = u64.MAX_VALUE;
  private lowMask: u64 = u64.MAX_VALUE;

  /** Reads `10.0.0.0/8`, `2001:db8::/32`, or an address; false when it is none. */
  parse(text: Span): bool {
    const slash = indexOf(text, 0x2f, 0);
    if (!this.address.parse(slash < 0 ? text : slice(text, 0, slash))) return false;
    const most = this.address.version == 4 ? 32 : 128;
    const bits = slash < 0 ? most : prefixLength(slice(text, slash + 1, lengthOf(text)));
    if (bits < 0 || bits > most) return false;
    this.highMask = bits >= 64 ? u64.MAX_VALUE : ~maskOf(64 - bits);
    this.lowMask = bits <= 64 ? 0 : ~maskOf(128 - bits);
    return true;
  }

  /** Whether the address is in the range. */
  has(address: IpAddress): bool {
    return (
      address.version == this.address.version &&
      ((address.high ^ this.address.high) & this.highMask) == 0 &&
      ((address.low ^ this.address.low) & this.lowMask) == 0
    );
  }
}

function prefixLength(text: Span): i32 {
  const length = lengthOf(text);
  if (length == 0 || length > 3 || (length > 1 && byteAt(text, 0) == 0x30)) return -1;
  let value = 0;
  for (let i: usize = 0; i < length; i++) {
    if (byteAt(text, i) - 0x30 > 9) return -1;
    value = value * 10 + (byteAt(text, i) - 0x30);
  }
  return value;
}
