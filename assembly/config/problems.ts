// What is wrong with a configuration, each with the path to its field. The path is kept as a stack of spans, and becomes
// text only where something is wrong: a good configuration of a thousand policies pays nothing for it.
import { ABSENT, LogLevel, Span, log, slice, toText } from "as-proxy-wasm-sdk/assembly";
import { MAX_CONFIGURATION_ERRORS } from "../limits";

/** Characters of a message, and bytes of each key on the path in it: a policy may have names of any length. */
const MAX_MESSAGE: i32 = 2048;
const MAX_KEY: usize = 256;

/** Deeper than any schema here, with room for the list indices between the fields. */
const MAX_PATH: i32 = 32;

export class Problems {
  private messages: string[] = [];
  private keys: StaticArray<Span> = new StaticArray<Span>(MAX_PATH);
  private indices: StaticArray<i32> = new StaticArray<i32>(MAX_PATH);
  private depth: i32 = 0;
  private subject: string = "";
  private total: i32 = 0;
  /** There is no memory to go on with: what has been compiled so far is incomplete, and must not be looked at. */
  isOutOfMemory: bool = false;

  /** How many were found, printed or not. */
  get count(): i32 {
    return this.total;
  }

  /** What the following problems are about: `resources[1] AuthorizationPolicy foo/bar`, or nothing in particular. */
  about(subject: string): void {
    this.subject = subject;
    this.depth = 0;
  }

  /** Steps into a member. */
  enter(key: Span): void {
    this.push(key, -1);
  }

  /** Steps into a list's element. */
  enterIndex(index: i32): void {
    this.push(ABSENT, index);
  }

  /** Steps out of what was entered last. */
  leave(): void {
    if (this.depth > 0) this.depth--;
  }

  /** Reports a problem of the field that was entered last. */
  add(message: string): void {
    this.total++;
    if (this.messages.length >= MAX_CONFIGURATION_ERRORS) return;
    const path = this.path();
    let line = "config: ";
    if (this.subject.length > 0) line += this.subject + ": ";
    if (path.length > 0) line += path + ": ";
    const text = line + message;
    this.messages.push(text.length > MAX_MESSAGE ? text.substring(0, MAX_MESSAGE) + "…" : text);
  }

  /** Reports that memory does not suffice; for once, since nobody asks for more from then on. */
  outOfMemory(message: string): void {
    this.add(message);
    this.isOutOfMemory = true;
  }

  /** Reports a problem of a member of the field that was entered last. */
  addAt(key: Span, message: string): void {
    this.enter(key);
    this.add(message);
    this.leave();
  }

  /** Writes every problem to the log, one a line. */
  print(level: u32 = LogLevel.Error): void {
    for (let i = 0; i < this.messages.length; i++) log(level, this.messages[i]);
    const left = this.total - this.messages.length;
    if (left > 0) log(level, "config: " + left.toString() + " more problems are not shown");
  }

  private push(key: Span, index: i32): void {
    if (this.depth < MAX_PATH) {
      this.keys[this.depth] = key;
      this.indices[this.depth] = index;
      this.depth++;
    }
  }

  private path(): string {
    let text = "";
    for (let i = 0; i < this.depth; i++) {
      if (this.indices[i] >= 0) text += "[" + this.indices[i].toString() + "]";
      else text += (i > 0 ? "." : "") + toText(slice(this.keys[i], 0, MAX_KEY));
    }
    return text;
  }
}
