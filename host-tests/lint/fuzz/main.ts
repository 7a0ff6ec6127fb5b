// `make fuzz`: a long run. COUNT texts (100,000), from SEED (a new one each time).
import { fuzz } from './fuzz.ts';

const count = Number(process.env.COUNT ?? 100_000);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const begin = performance.now();
const { texts, refused, taken, empty, disagreements } = await fuzz(seed, count);
const seconds = ((performance.now() - begin) / 1000).toFixed(0);
for (const { text, lint, module } of disagreements.slice(0, 10)) {
  console.log(JSON.stringify(text), { lint, module });
}
console.log(
  `seed ${seed}: ${texts} texts in ${seconds} s: ${refused} refused by both, ${taken} taken by both, ` +
    `${empty} without a resource, ${disagreements.length} disagreements`,
);
if (disagreements.length > 0) process.exitCode = 1;
