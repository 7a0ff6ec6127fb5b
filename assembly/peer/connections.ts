// The connections that requests have come by, by Envoy's number for them: what is read of one is read once. No filter of HTTP is told
// when a connection ends, so the table forgets what has not been asked for in a while.
import { getIntegerProperty, propertyPath } from "as-proxy-wasm-sdk/assembly";
import { REMEMBERED_CONNECTIONS } from "../limits";
import { Connection } from "./connection";
import { FactSources } from "./fact-sources";

const CONNECTION_ID = propertyPath("connection.id");
const UNKNOWN: i64 = -1;

/** Two halves: a connection that is asked for moves to the young one; when that is full, the old one goes. */
export class Connections {
  /** A connection that nothing is known of: where there is none in effect. */
  readonly none: Connection;
  private young: Map<i64, Connection> = new Map<i64, Connection>();
  private old: Map<i64, Connection> = new Map<i64, Connection>();

  constructor(private sources: FactSources) {
    this.none = new Connection(sources);
  }

  /** The connection of the stream in effect. */
  current(): Connection {
    // Envoy never gives a number twice: one sequence for all workers, for the life of the process.
    const id = getIntegerProperty(CONNECTION_ID, UNKNOWN);
    if (id == UNKNOWN) return this.read();
    if (this.young.has(id)) return this.young.get(id);
    const found = this.old.has(id) ? this.old.get(id) : this.read();
    // What could not be read now can be for the next request.
    if (found.isUnreadable) return found;
    if (this.young.size >= REMEMBERED_CONNECTIONS) {
      this.old = this.young;
      this.young = new Map<i64, Connection>();
    }
    this.young.set(id, found);
    return found;
  }

  /** The connection in effect, seen for the first time. */
  read(): Connection {
    const connection = new Connection(this.sources);
    connection.readSecurity();
    return connection;
  }
}
