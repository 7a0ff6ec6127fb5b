// What lint may compare: checks that hold each policy against each other take time by the square of their number, and an input within
// the bounds could keep it busy for minutes.

/** Comparisons of two texts or scopes; some hundred nanoseconds each. */
const MOST_COMPARISONS = 2_000_000;

/** What is left for one run. */
export class Effort {
  private left = MOST_COMPARISONS;
  /** Whether something was not compared: what is found is true, and there may be more. */
  isSpent = false;

  /** Takes so many comparisons from what is left; false, and then for good, where they are more. */
  affords(comparisons: number): boolean {
    this.left -= comparisons;
    if (this.left < 0) this.isSpent = true;
    return !this.isSpent;
  }
}
