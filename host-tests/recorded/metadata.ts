// Dynamic metadata as a module gets it: an envoy.config.core.v3.Metadata message.

/** google.protobuf.Value: its members by type. */
const VALUE = { null: 1, number: 2, string: 3, bool: 4, struct: 5, list: 6 };
const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;

/** The message in which one filter has written these values. */
export function metadataMessage(filter: string, values: object): Uint8Array {
  return Buffer.from(entry(filter, struct(values)));
}

/** google.protobuf.Struct */
function struct(values: object): number[] {
  return Object.entries(values).flatMap(([name, value]) => entry(name, valueOf(value)));
}

/** An entry of a map in field 1. */
function entry(name: string, message: number[]): number[] {
  return field(1, [...field(1, [...Buffer.from(name)]), ...field(2, message)]);
}

function valueOf(value: unknown): number[] {
  if (value === null) return [(VALUE.null << 3) | VARINT, 0];
  if (typeof value === 'boolean') return [(VALUE.bool << 3) | VARINT, value ? 1 : 0];
  if (typeof value === 'string') return field(VALUE.string, [...Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return [(VALUE.number << 3) | FIXED_64, ...bytes];
  }
  if (!Array.isArray(value)) return field(VALUE.struct, struct(value as object));
  return field(
    VALUE.list,
    value.flatMap((element) => field(1, valueOf(element))),
  );
}

function field(number: number, content: number[]): number[] {
  return [(number << 3) | BYTES, ...varint(content.length), ...content];
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
