// The values of a condition's field → matchers, with what Istio's webhook refuses of them.
import { Region, Span, lengthOf, toText } from "as-proxy-wasm-sdk/assembly";
import { Condition, PathCondition } from "../authz/condition";
import { PathTemplate } from "../authz/path-template";
import { RequestPrincipalMatcher } from "../authz/request-principal";
import { StringMatcher } from "../authz/string-matcher";
import { IpRange } from "../bytes/ip";
import { decimalOf } from "../json/number";
import { Node, after, countOf, firstOf, textOf } from "../json/tape";
import { Problems } from "./problems";

/** Values for claims, SNI and metadata. */
export function textMatchers(values: Node, region: Region): StaticArray<StringMatcher> {
  const result = new StaticArray<StringMatcher>(countOf(values));
  let value = firstOf(values);
  for (let i = 0; i < result.length; i++) {
    result[i] = StringMatcher.ofBytes(textOf(value), region);
    value = after(value);
  }
  return result;
}

/** Values for headers, methods and hosts. */
export function headerMatchers(
  values: Node,
  ignoreCase: bool,
  region: Region,
): StaticArray<StringMatcher> {
  const result = new StaticArray<StringMatcher>(countOf(values));
  let value = firstOf(values);
  for (let i = 0; i < result.length; i++) {
    result[i] = ignoreCase
      ? StringMatcher.ofHeaderIgnoringCase(toText(textOf(value)), region)
      : StringMatcher.ofHeaderBytes(textOf(value), region);
    value = after(value);
  }
  return result;
}

const NO_TEMPLATES = new StaticArray<PathTemplate>(0);
const NO_MATCHERS = new StaticArray<StringMatcher>(0);

/** `paths` and `notPaths`: texts and templates; `name`: how Istio writes the field in its messages. */
export function pathCondition(
  field: string,
  negated: bool,
  values: Node,
  name: string,
  region: Region,
  problems: Problems,
): Condition {
  let count = 0;
  let value = firstOf(values);
  for (let i = countOf(values); i > 0; i--) {
    if (PathTemplate.isTemplate(textOf(value))) count++;
    value = after(value);
  }
  const texts = countOf(values) - count;
  const matchers = texts == 0 ? NO_MATCHERS : new StaticArray<StringMatcher>(texts);
  const templates = count == 0 ? NO_TEMPLATES : new StaticArray<PathTemplate>(count);
  let nextText = 0;
  let nextTemplate = 0;
  value = firstOf(values);
  for (let i = 0; i < countOf(values); i++) {
    if (PathTemplate.isTemplate(textOf(value))) {
      const text = toText(textOf(value));
      const problem = PathTemplate.problemOf(text, name);
      if (problem.length > 0) {
        problems.enterIndex(i);
        problems.add(problem);
        problems.leave();
      }
      templates[nextTemplate++] = new PathTemplate(problem.length > 0 ? "/" : text, region);
    } else {
      matchers[nextText++] = StringMatcher.ofBytes(textOf(value), region);
    }
    value = after(value);
  }
  return new PathCondition(field, negated, matchers, templates);
}

/** Values for `requestPrincipals`. */
export function requestPrincipals(
  values: Node,
  region: Region,
): StaticArray<RequestPrincipalMatcher> {
  const result = new StaticArray<RequestPrincipalMatcher>(countOf(values));
  let value = firstOf(values);
  for (let i = 0; i < result.length; i++) {
    result[i] = new RequestPrincipalMatcher(toText(textOf(value)), region);
    value = after(value);
  }
  return result;
}

/** Values for ports, decimal. */
export function ports(values: Node, problems: Problems): StaticArray<i32> {
  const result = new StaticArray<i32>(countOf(values));
  let value = firstOf(values);
  for (let i = 0; i < result.length; i++) {
    const port = decimalOf(textOf(value));
    if (port > 65535) {
      problems.enterIndex(i);
      problems.add("bad port (" + toText(textOf(value)) + "): must be a number from 0 to 65535");
      problems.leave();
    }
    result[i] = <i32>port;
    value = after(value);
  }
  return result;
}

/** Addresses and CIDR ranges. */
export function ranges(values: Node, problems: Problems): StaticArray<IpRange> {
  const result = new Array<IpRange>();
  let value = firstOf(values);
  for (let i = 0; i < countOf(values); i++) {
    const range = new IpRange();
    const text = toText(textOf(value));
    if (!range.parse(textOf(value))) {
      problems.enterIndex(i);
      problems.add(
        text.includes("/") ? "bad CIDR range (" + text + ")" : "bad IP address (" + text + ")",
      );
      problems.leave();
    }
    result.push(range);
    value = after(value);
  }
  return StaticArray.fromArray<IpRange>(result);
}

/** Reports values of no characters. */
export function checkNotEmpty(values: Node, problems: Problems): void {
  let value = firstOf(values);
  for (let i = 0; i < countOf(values); i++) {
    if (lengthOf(textOf(value)) == 0) {
      problems.enterIndex(i);
      problems.add("empty value not allowed");
      problems.leave();
    }
    value = after(value);
  }
}

/** A header name as the host shows it. */
export function lowerCase(text: string, region: Region): Span {
  return region.text(text.toLowerCase());
}
