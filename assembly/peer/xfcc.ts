// X-Forwarded-Client-Cert of a request, in the place of a connection manager that runs ALWAYS_FORWARD_ONLY.
import {
  ABSENT,
  MapType,
  Span,
  Status,
  constant,
  lengthOf,
  removeHeader,
  replaceHeader,
} from "as-proxy-wasm-sdk/assembly";
import { Request } from "../request";
import { Security } from "./security";
import { concatenated } from "./xfcc-element";

/** HttpConnectionManager.ForwardClientCertDetails. */
export namespace ForwardClientCert {
  export const Sanitize: i32 = 0;
  export const ForwardOnly: i32 = 1;
  export const AppendForward: i32 = 2;
  export const SanitizeSet: i32 = 3;
  export const AlwaysForwardOnly: i32 = 4;
}

/** What became of the header. */
export namespace XfccResult {
  export const Done: i32 = 0;
  /** A declared fact is not there. */
  export const FactMissing: i32 = 1;
  /** The host has refused the change. */
  export const Refused: i32 = 2;
}

const HEADER = constant("x-forwarded-client-cert");
const COMMA = constant(",");

/** `xfcc` of the plugin configuration. */
export class Xfcc {
  constructor(
    private forward: i32,
    /** `XfccDetail`s. */
    private details: u32,
  ) {}

  /** Sanitises and writes the header, in the request and in what policies see of it; once a request. */
  apply(request: Request): i32 {
    if (this.forward == ForwardClientCert.AlwaysForwardOnly) return XfccResult.Done;
    const isForwarded =
      this.forward != ForwardClientCert.Sanitize && request.connection.security == Security.Mtls;
    if (!isForwarded) return this.remove(request);
    if (this.forward == ForwardClientCert.ForwardOnly) return XfccResult.Done;
    const element = request.connection.xfcc(this.details);
    if (element == ABSENT) return XfccResult.FactMissing;
    const value =
      this.forward == ForwardClientCert.AppendForward ? appended(request, element) : element;
    if (value == ABSENT || replaceHeader(MapType.RequestHeaders, HEADER, value) != Status.Ok) {
      return XfccResult.Refused;
    }
    return request.headers.replace(HEADER, value) ? XfccResult.Done : XfccResult.Refused;
  }

  private remove(request: Request): i32 {
    if (request.headers.find(HEADER) < 0) return XfccResult.Done;
    if (removeHeader(MapType.RequestHeaders, HEADER) != Status.Ok) return XfccResult.Refused;
    request.headers.remove(HEADER);
    return XfccResult.Done;
  }
}

/** The client's elements, and ours behind them. */
function appended(request: Request, element: Span): Span {
  const parts: Span[] = [];
  const headers = request.headers;
  let at = headers.find(HEADER);
  while (at >= 0) {
    if (lengthOf(headers.value(at)) > 0) {
      parts.push(headers.value(at));
      parts.push(COMMA);
    }
    at = headers.find(HEADER, at + 1);
  }
  parts.push(element);
  return parts.length == 1 ? element : concatenated(parts);
}
