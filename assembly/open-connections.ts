// The open connections of a network filter, over all its configurations in this VM: an open connection keeps the root that it began
// with, and must hear of a newer policy all the same.
import { Woken, wake } from "as-proxy-wasm-sdk/assembly";
import { NetworkFilter } from "./network-filter";
import { Plugin } from "./plugin";

export class OpenConnections {
  /** The configuration in force: the one that came last. */
  newest: Plugin | null = null;
  private first: NetworkFilter | null = null;
  /** The newest configuration has not been held against all connections yet. */
  private isReviewDue: bool = false;
  /** Counts the configurations: a connection knows by which it was judged last. */
  private version: i32 = 0;

  /** A configuration takes over. */
  begin(plugin: Plugin): void {
    this.newest = plugin;
    this.version++;
    this.isReviewDue = this.first !== null;
  }

  /** A configuration has gone. */
  end(plugin: Plugin): void {
    if (this.newest === plugin) this.newest = null;
  }

  /** Whether `review` has something to do for this configuration. */
  isDue(plugin: Plugin): bool {
    return this.isReviewDue && this.newest === plugin;
  }

  /**
   * Holds open connections against the newest configuration, and closes those that it refuses: as many as one callback may. False when
   * some are left for the next.
   */
  review(): bool {
    let connection = this.first;
    while (connection !== null) {
      // Closing one may take it out of the list.
      const next: NetworkFilter | null = connection.next;
      if (connection.reviewed != this.version) {
        if (wake(connection) == Woken.Later) return false;
        connection.reviewed = this.version;
      }
      connection = next;
    }
    this.isReviewDue = false;
    return true;
  }

  /** A connection has been accepted. */
  add(connection: NetworkFilter): void {
    const first = this.first;
    connection.reviewed = this.version;
    connection.next = first;
    connection.previous = null;
    if (first !== null) first.previous = connection;
    this.first = connection;
  }

  /** A connection has ended. */
  remove(connection: NetworkFilter): void {
    const previous = connection.previous;
    const next = connection.next;
    if (previous !== null) previous.next = next;
    else if (this.first === connection) this.first = next;
    if (next !== null) next.previous = previous;
    // It keeps its own neighbours: a review that stands at it goes on from there.
  }
}

const byPlugin = new Map<string, OpenConnections>();

/** The connections of the plugin with this name, in this VM. */
export function openConnectionsOf(pluginName: string): OpenConnections {
  if (!byPlugin.has(pluginName)) byPlugin.set(pluginName, new OpenConnections());
  return byPlugin.get(pluginName);
}
