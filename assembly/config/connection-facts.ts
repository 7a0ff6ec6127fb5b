// `connectionFacts` of the plugin configuration: filter-state keys.
import {
  ABSENT,
  Region,
  Span,
  constant,
  isPresent,
  joinPath,
  lengthOf,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { Kind, Node, kindOf, member } from "../json/tape";
import { FactSources } from "../peer/fact-sources";
import { textMember } from "./compile";
import { Problems } from "./problems";

const CONNECTION_FACTS = constant("connectionFacts");
const DIRECT_ADDRESS = constant("directAddress");
const PEER_CERTIFICATE = constant("peerCertificate");
const PEER_URIS = constant("peerUris");
const SINGLE_URI_SAN = constant("singleUriSan");
const PEER_DNS = constant("peerDns");
const LOCAL_URIS = constant("localUris");

/** Reads the declared facts; problems are reported with their paths. The property paths live in `region`. */
export function readConnectionFacts(root: Node, region: Region, problems: Problems): FactSources {
  const node = member(root, CONNECTION_FACTS);
  const sources = new FactSources();
  problems.enter(CONNECTION_FACTS);
  sources.directAddress = filterStateAt(node, DIRECT_ADDRESS, region, problems);
  sources.peerUris = filterStateAt(node, PEER_URIS, region, problems);
  sources.peerCertificate = filterStateAt(node, PEER_CERTIFICATE, region, problems);
  sources.hasSingleUri = kindOf(member(node, SINGLE_URI_SAN)) == Kind.True;
  if (sources.hasSingleUri && sources.peerUris != ABSENT) {
    problems.addAt(SINGLE_URI_SAN, "is not for use with peerUris, which tells of all");
  }
  if (sources.hasSingleUri && sources.peerCertificate != ABSENT) {
    problems.addAt(SINGLE_URI_SAN, "is not for use with peerCertificate, which tells of all");
  }
  sources.peerDns = filterStateAt(node, PEER_DNS, region, problems);
  sources.localUris = filterStateAt(node, LOCAL_URIS, region, problems);
  problems.leave();
  return sources;
}

/** The property of a filter-state key; ABSENT when the field is not there. */
function filterStateAt(facts: Node, key: Span, region: Region, problems: Problems): Span {
  const name = textMember(facts, key);
  if (!isPresent(name)) return ABSENT;
  if (lengthOf(name) == 0) problems.addAt(key, "must not be empty");
  return region.text(joinPath(["filter_state", toText(name)]));
}
