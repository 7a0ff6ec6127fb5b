// Envoy's admin interface, as far as the runtime asks it.

/** A client of one Envoy's admin interface. */
export class Admin {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** The text of a path; undefined when nobody answers or the status is not 200. */
  async text(path: string): Promise<string | undefined> {
    try {
      const response = await fetch(this.url + path, { signal: AbortSignal.timeout(2000) });
      const text = await response.text();
      return response.ok ? text : undefined;
    } catch {
      return undefined;
    }
  }

  /** Whether Envoy is LIVE. */
  async isReady(): Promise<boolean> {
    return (await this.text('/ready'))?.trim() === 'LIVE';
  }

  /** The ports that listeners are bound to, by name. */
  async ports(): Promise<Map<string, number>> {
    const text = (await this.text('/listeners?format=json')) ?? '{}';
    const { listener_statuses = [] } = JSON.parse(text) as {
      listener_statuses?: {
        name: string;
        local_address?: { socket_address?: { port_value: number } };
      }[];
    };
    return new Map(
      listener_statuses.flatMap(({ name, local_address }) =>
        local_address?.socket_address ? [[name, local_address.socket_address.port_value]] : [],
      ),
    );
  }

  /** Statistics whose names match, by name; counters and gauges as numbers in text form. */
  async stats(filter: RegExp): Promise<Map<string, string>> {
    const text = await this.text(`/stats?filter=${encodeURIComponent(filter.source)}`);
    const lines = (text ?? '').split('\n').filter((line) => line.includes(': '));
    return new Map(
      lines.map((line) => {
        const colon = line.lastIndexOf(': ');
        return [line.slice(0, colon), line.slice(colon + 2).replace(/^"|"$/g, '')];
      }),
    );
  }

  /** One counter or gauge; 0 when there is none. */
  async stat(name: string): Promise<number> {
    const escaped = new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
    return Number((await this.stats(escaped)).get(name) ?? 0);
  }
}
