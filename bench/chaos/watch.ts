// Requests that come all the while, each answer held against what is right: what is open, wrong or lost, and how long until all is well.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../envoy/errors.ts';
import { type Ask, askAt } from '../../envoy-tests/ask.ts';

/** A kind of request. */
export interface Kind {
  name: string;
  /** The answer that is right when nothing is amiss: 200 for who may pass. */
  status: number;
  ask: () => Ask;
}

/** What may be answered, too, while something is amiss, by the name of the kind; 0 is no answer. Never that a door opens. */
export type Tolerance = (kind: string, status: number) => boolean;

/** What came of the requests. */
export interface Tally {
  answered: number;
  /** Passed, and must not have. */
  open: number;
  /** Another answer than the right one, and none that is tolerated. */
  wrong: number;
  /** No answer, where that is not tolerated. */
  lost: number;
  /** Refused, or not answered, while that was tolerated. */
  tolerated: number;
  /** What was open, wrong or lost, and how often. */
  faults: Map<string, number>;
}

/** A request that takes longer is lost. */
const PATIENCE_MS = 20_000;
/** All is well when nothing was amiss for so long, and in so many answers: this process, too, may have been kept from running. */
const CALM_MS = 1000;
const CALM_ANSWERS = 30;
const RECOVERY_LIMIT_MS = 60_000;
/** What must take place does so soon, but for a machine that has other things to do. */
const TAKES_PLACE_LIMIT_MS = 30_000;

const NOTHING: Tolerance = () => false;

/** Clients that ask, one request after the other, each over a connection of its own. */
export class Watch {
  readonly tally: Tally = {
    answered: 0,
    open: 0,
    wrong: 0,
    lost: 0,
    tolerated: 0,
    faults: new Map(),
  };
  private tolerance = NOTHING;
  private lastAmiss = 0;
  private rightSince = 0;
  private isOver = false;
  private readonly port: number;
  private readonly kinds: Kind[];
  private readonly clients: Promise<void>[];

  constructor(port: number, kinds: Kind[], clients = 4) {
    this.port = port;
    this.kinds = kinds;
    this.clients = Array.from({ length: clients }, (_, i) => this.client(i));
  }

  /** Lets some answers pass as what the misfortune brings with it. */
  tolerate(tolerance: Tolerance): void {
    this.tolerance = tolerance;
  }

  /** Waits until all is well, and tolerates nothing from then on; the milliseconds that it took. */
  async recovery(): Promise<number> {
    const begin = performance.now();
    this.amiss();
    while (performance.now() - this.lastAmiss < CALM_MS || this.rightSince < CALM_ANSWERS) {
      if (performance.now() - begin > RECOVERY_LIMIT_MS) {
        this.fault('wrong', `not well again after ${RECOVERY_LIMIT_MS / 1000} s`);
        break;
      }
      await sleep(20);
    }
    this.tolerance = NOTHING;
    return this.lastAmiss - begin;
  }

  /** Counts something that was found in another way. */
  fault(what: 'open' | 'wrong' | 'lost', text: string): void {
    this.tally[what]++;
    this.tally.faults.set(`${what}: ${text}`, (this.tally.faults.get(`${what}: ${text}`) ?? 0) + 1);
  }

  /** Waits until something has taken place, and counts a fault where it does not. */
  async until(hasTakenPlace: () => boolean, otherwise: string): Promise<void> {
    const begin = performance.now();
    while (!hasTakenPlace() && performance.now() - begin < TAKES_PLACE_LIMIT_MS) await sleep(20);
    this.expect(hasTakenPlace(), otherwise);
  }

  /** Counts a fault where `is` does not hold. */
  expect(is: boolean, text: string): void {
    if (!is) this.fault('wrong', text);
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.clients);
  }

  private amiss(): void {
    this.lastAmiss = performance.now();
    this.rightSince = 0;
  }

  private async client(first: number): Promise<void> {
    for (let i = first; !this.isOver; i++) {
      await this.ask(this.kinds[i % this.kinds.length]!);
      // Leaves the machine some time for what is to be watched.
      await sleep(2);
    }
  }

  private async ask(kind: Kind): Promise<void> {
    const before = this.tolerance;
    let why = '';
    const asked = { ...kind.ask(), signal: AbortSignal.timeout(PATIENCE_MS) };
    const status = await askAt('127.0.0.1', this.port, asked).then(
      (answer) => answer.status,
      (error: unknown) => {
        why = `: ${messageOf(error)}`;
        return 0;
      },
    );
    this.tally.answered++;
    if (status === kind.status) {
      this.rightSince++;
      return;
    }
    this.amiss();
    if (status >= 200 && status < 300) {
      this.fault('open', `${kind.name} got ${status}`);
    } else if (before(kind.name, status) || this.tolerance(kind.name, status)) {
      this.tally.tolerated++;
    } else if (status === 0) {
      this.fault('lost', `${kind.name}${why}`);
    } else {
      this.fault('wrong', `${kind.name} got ${status}`);
    }
  }
}
