// A value of requestPrincipals, `<iss>/<sub>`, as istiod splits it: at the last slash, with a wildcard at either end
// (generator.go; what it generates for each form is recorded in envoy-tests/oracle/).
import { Region, Span } from "as-proxy-wasm-sdk/assembly";
import { IndexKeys } from "./rule-index";
import { StringMatcher } from "./string-matcher";

export class RequestPrincipalMatcher {
  private issuer: StringMatcher;
  private subject: StringMatcher;

  constructor(pattern: string, region: Region) {
    const slash = pattern.lastIndexOf("/");
    const issuer = slash < 0 ? pattern : pattern.substring(0, slash);
    const subject = slash < 0 ? "" : pattern.substring(slash + 1);
    this.issuer = StringMatcher.exact(issuer, region);
    this.subject = StringMatcher.exact(subject, region);

    if (pattern == "*") {
      this.issuer = StringMatcher.notEmpty();
      this.subject = StringMatcher.notEmpty();
    } else if (pattern.startsWith("*")) {
      if (slash < 0) {
        this.issuer = StringMatcher.notEmpty();
        this.subject = StringMatcher.suffix(pattern.substring(1), region);
      } else {
        this.issuer =
          issuer == "*"
            ? StringMatcher.notEmpty()
            : StringMatcher.suffix(issuer.substring(1), region);
      }
    } else if (pattern.endsWith("*")) {
      if (slash < 0) {
        this.issuer = StringMatcher.prefix(pattern.substring(0, pattern.length - 1), region);
        this.subject = StringMatcher.notEmpty();
      } else {
        this.subject =
          subject == "*"
            ? StringMatcher.notEmpty()
            : StringMatcher.prefix(subject.substring(0, subject.length - 1), region);
      }
    }
  }

  /** Files the pattern under its subject; false where that may be any. */
  addKey(to: IndexKeys): bool {
    return this.subject.addKey(to);
  }

  /** Whether both claims match; neither does when it is absent. */
  matches(issuer: Span, subject: Span): bool {
    return this.issuer.matches(issuer) && this.subject.matches(subject);
  }
}
