// `when` with `experimental.envoy.filters.NAME[KEY]`: dynamic metadata that other filters have written.
import { Span } from "as-proxy-wasm-sdk/assembly";
import { ProtobufReader, mapEntry } from "../bytes/protobuf";
import { Request } from "../request";
import { Condition, anyMatches } from "./condition";
import { StringMatcher } from "./string-matcher";

/** envoy.config.core.v3.Metadata.filter_metadata */
const FILTER_METADATA: u32 = 1;
/** google.protobuf.Struct.fields */
const FIELDS: u32 = 1;
/** google.protobuf.Value: string_value, list_value */
const STRING_VALUE: u32 = 3;
const LIST_VALUE: u32 = 6;
/** google.protobuf.ListValue.values */
const VALUES: u32 = 1;

export class MetadataCondition extends Condition {
  constructor(
    field: string,
    negated: bool,
    /** The filter that has written it, and its name there. */
    private filter: Span,
    private key: Span,
    private texts: StaticArray<StringMatcher>,
    /** For the elements of a list: values in brackets. */
    private elements: StaticArray<StringMatcher>,
  ) {
    super(field, negated);
  }

  protected override anyValue(request: Request): bool {
    // What is absent is a message without fields.
    const struct = mapEntry(request.dynamicMetadata(), FILTER_METADATA, this.filter);
    const reader = new ProtobufReader(mapEntry(struct, FIELDS, this.key));
    while (reader.next()) {
      if (reader.field == STRING_VALUE) return anyMatches(this.texts, reader.value);
      if (reader.field == LIST_VALUE) return this.anyElement(reader.value);
    }
    return false;
  }

  private anyElement(list: Span): bool {
    const values = new ProtobufReader(list);
    while (values.next()) {
      if (values.field != VALUES) continue;
      const value = new ProtobufReader(values.value);
      while (value.next()) {
        if (value.field == STRING_VALUE && anyMatches(this.elements, value.value)) return true;
      }
    }
    return false;
  }
}
