// `xfcc` of the plugin configuration: HttpConnectionManager.forward_client_cert_details and set_current_client_cert_details.
import { ABSENT, constant, toText } from "as-proxy-wasm-sdk/assembly";
import { Kind, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { FactSources } from "../peer/fact-sources";
import { ForwardClientCert, Xfcc } from "../peer/xfcc";
import { XfccDetail } from "../peer/xfcc-element";
import { textMember } from "./compile";
import { Problems } from "./problems";

const XFCC = constant("xfcc");
const FORWARD = constant("forward");
const DETAILS = constant("details");

const FORWARDS: string[] = [
  "SANITIZE",
  "FORWARD_ONLY",
  "APPEND_FORWARD",
  "SANITIZE_SET",
  "ALWAYS_FORWARD_ONLY",
];
/** In the order of their bits in XfccDetail. */
const DETAIL_NAMES: string[] = ["Subject", "URI", "DNS"];
/** What Istio's sidecars write. */
const DEFAULT_DETAILS: u32 = XfccDetail.Subject | XfccDetail.Uri | XfccDetail.Dns;

/** Reads it; null when the header is to be left alone. Problems are reported with their paths. */
export function readXfcc(root: Node, facts: FactSources, problems: Problems): Xfcc | null {
  const node = member(root, XFCC);
  if (kindOf(node) != Kind.Object) return null;
  problems.enter(XFCC);
  const forward = forwardOf(node, problems);
  const details = detailsOf(node, problems);
  const writes =
    forward == ForwardClientCert.AppendForward || forward == ForwardClientCert.SanitizeSet;
  if (writes) {
    need(facts.localUris != ABSENT, "localUris", "By", problems);
    if ((details & XfccDetail.Uri) != 0)
      need(facts.tellsUris, "peerCertificate or peerUris", "URI", problems);
    if ((details & XfccDetail.Dns) != 0)
      need(facts.tellsHosts, "peerCertificate or peerDns", "DNS", problems);
  }
  problems.leave();
  return new Xfcc(forward, details);
}

function forwardOf(node: Node, problems: Problems): i32 {
  const index = FORWARDS.indexOf(toText(textMember(node, FORWARD)));
  if (index < 0) problems.addAt(FORWARD, "must be one of " + FORWARDS.join(", "));
  return index;
}

function detailsOf(node: Node, problems: Problems): u32 {
  const list = member(node, DETAILS);
  if (kindOf(list) != Kind.Array) return DEFAULT_DETAILS;
  let details: u32 = 0;
  problems.enter(DETAILS);
  let element = firstOf(list);
  for (let i = 0; i < countOf(list); i++) {
    const name = toText(textOf(element));
    const bit = DETAIL_NAMES.indexOf(name);
    if (bit >= 0) {
      details |= 1 << bit;
    } else {
      problems.enterIndex(i);
      problems.add("must be one of Subject, URI, DNS" + unseen(name));
      problems.leave();
    }
    element = after(element);
  }
  problems.leave();
  return details;
}

function unseen(name: string): string {
  const isOfEnvoy = name == "Cert" || name == "Chain";
  return isOfEnvoy ? "; a Wasm filter does not see the certificate itself" : "";
}

function need(isTold: bool, name: string, key: string, problems: Problems): void {
  if (isTold) return;
  problems.add(
    "needs connectionFacts." + name + " for " + key + ": a Wasm filter sees the first SAN alone",
  );
}
