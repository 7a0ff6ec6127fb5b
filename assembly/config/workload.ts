// Which workload this is: from the plugin configuration, else from Envoy's node metadata, as Istio's agent writes it.
import {
  ABSENT,
  Pairs,
  Span,
  constant,
  equals,
  getProperty,
  lengthOf,
  propertyPath,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { wholeNumberOf } from "../json/number";
import { MAX_TCP_PORTS } from "../limits";
import { Kind, NO_NODE, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { Problems } from "./problems";

const WORKLOAD = constant("workload");
const NAMESPACE = constant("namespace");
const LABELS = constant("labels");
const CONTAINER_PORT = constant("containerPort");
const MATCH_LABELS = constant("matchLabels");
const NODE_NAMESPACE = propertyPath("xds.node.metadata.NAMESPACE");
const NODE_LABELS = propertyPath("xds.node.metadata.LABELS");

const PROTOCOL = constant("protocol");
const TCP_PORTS = constant("tcpPorts");
const GATEWAY = constant("gateway");
const NODE_ID = propertyPath("xds.node.id");
/** How Istio's agent begins the node id of a gateway. */
const ROUTER = constant("router~");

/** `workload.protocol`: what a network filter has behind it. */
export namespace Protocol {
  export const Undeclared: i32 = 0;
  /** A connection manager: the HTTP filter in it knows better. */
  export const Http: i32 = 1;
  /** A TCP proxy. */
  export const Tcp: i32 = 2;
}

export class Workload {
  namespace: Span = ABSENT;
  /** The port that policies see, or 0 for the connection's own. */
  containerPort: i32 = 0;
  /** `Protocol` */
  protocol: i32 = Protocol.Undeclared;
  /** The ports whose connections a network filter judges; none: those of all. */
  tcpPorts: i32[] = [];
  /** An edge proxy, not a sidecar. */
  isGateway: bool = false;
  private configured: Node = NO_NODE;
  private fromNode: Pairs = new Pairs();

  /** Reads it. Without a namespace nothing can be selected: a problem, never a guess. */
  static read(configuration: Node, problems: Problems): Workload {
    const workload = new Workload();
    const node = member(configuration, WORKLOAD);
    const namespace = member(node, NAMESPACE);
    workload.namespace =
      kindOf(namespace) == Kind.String ? textOf(namespace) : getProperty(NODE_NAMESPACE);
    problems.enter(WORKLOAD);
    if (lengthOf(workload.namespace) == 0) {
      problems.addAt(NAMESPACE, "missing, and Envoy's node has no metadata NAMESPACE");
    }
    const port = member(node, CONTAINER_PORT);
    if (kindOf(port) == Kind.Number) {
      workload.containerPort = portOf(port);
      if (workload.containerPort == 0)
        problems.addAt(CONTAINER_PORT, "must be a port from 1 to 65535");
    }
    workload.protocol = protocolOf(node, problems);
    workload.tcpPorts = tcpPortsOf(node, workload.protocol, problems);
    problems.leave();
    const gateway = kindOf(member(node, GATEWAY));
    workload.isGateway =
      gateway == Kind.True || (gateway != Kind.False && startsWith(getProperty(NODE_ID), ROUTER));
    const labels = member(node, LABELS);
    if (kindOf(labels) == Kind.Object) {
      workload.configured = labels;
    } else {
      const nodeLabels = getProperty(NODE_LABELS);
      const isRead = nodeLabels == ABSENT || workload.fromNode.parse(nodeLabels);
      // A workload without labels is one that policies with selectors do not concern.
      if (!isRead) problems.add("the labels in Envoy's node metadata cannot be read");
    }
    return workload;
  }

  /** Whether a resource's `selector` takes in this workload; an absent or empty one takes in every workload. */
  isSelectedBy(selector: Node): bool {
    const wanted = member(selector, MATCH_LABELS);
    let key = firstOf(wanted);
    for (let i = countOf(wanted); i > 0; i--) {
      const value = after(key);
      if (!equals(this.label(textOf(key)), textOf(value))) return false;
      key = after(value);
    }
    return true;
  }

  private label(name: Span): Span {
    if (this.configured == NO_NODE) return this.fromNode.first(name);
    const value = member(this.configured, name);
    return value == NO_NODE ? ABSENT : textOf(value);
  }
}

function protocolOf(node: Node, problems: Problems): i32 {
  const value = member(node, PROTOCOL);
  if (kindOf(value) != Kind.String) return Protocol.Undeclared;
  if (equals(textOf(value), HTTP)) return Protocol.Http;
  if (!equals(textOf(value), TCP)) problems.addAt(PROTOCOL, "must be HTTP or TCP");
  return Protocol.Tcp;
}

/** `workload.tcpPorts`. An empty list is no list: it would have to mean none, or all. */
function tcpPortsOf(node: Node, protocol: i32, problems: Problems): i32[] {
  const ports: i32[] = [];
  const list = member(node, TCP_PORTS);
  const kind = kindOf(list);
  if (kind == Kind.None || kind == Kind.Null) return ports;
  const count = kind == Kind.Array ? countOf(list) : 0;
  if (count < 1 || count > MAX_TCP_PORTS) {
    problems.addAt(TCP_PORTS, "must be a list of 1 to " + MAX_TCP_PORTS.toString() + " ports");
    return ports;
  }
  if (protocol != Protocol.Tcp) problems.addAt(TCP_PORTS, "needs protocol TCP");
  let item = firstOf(list);
  for (let i = 0; i < count; i++) {
    const port = portOf(item);
    if (port == 0) problems.addAt(TCP_PORTS, "must be ports from 1 to 65535");
    ports.push(port);
    item = after(item);
  }
  return ports;
}

/** A port, or 0 for what is none. */
function portOf(node: Node): i32 {
  if (kindOf(node) != Kind.Number) return 0;
  const value = wholeNumberOf(textOf(node));
  return value > 65535 ? 0 : <i32>value;
}

const HTTP = constant("HTTP");
const TCP = constant("TCP");

function startsWith(text: Span, start: Span): bool {
  return equals(slice(text, 0, lengthOf(start)), start);
}
