/** Tries every mutation in a copy of the project. `npm run mutations [-- <text of the rule>]`. Fails if one survives. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MUTATIONS, type Mutation } from './list.ts';
import { mutated } from './mutate.ts';

const ROOT = join(import.meta.dirname, '../..');
const COPIED = [
  'bin',
  'docs',
  'functions',
  'lib',
  'test',
  'package.json',
  'pipeline.config.ts',
  'tsconfig.json',
  'vitest.config.ts',
];

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'mutations-'));
  for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

const passes = (copy: string, tests: readonly string[]): boolean =>
  spawnSync('npx', ['vitest', 'run', '--bail', '1', ...tests], { cwd: copy, stdio: 'ignore' }).status === 0;

/** True if the named tests pass all the same. */
function survives(copy: string, mutation: Mutation): boolean {
  const file = join(copy, mutation.file);
  const source = readFileSync(file, 'utf8');
  writeFileSync(file, mutated(source, mutation));
  try {
    return passes(copy, mutation.tests);
  } finally {
    writeFileSync(file, source);
  }
}

const [wanted = ''] = process.argv.slice(2);
const chosen = MUTATIONS.filter(({ rule, file }) => `${rule} ${file}`.includes(wanted));
const copy = copyProject();
try {
  const tests = [...new Set(chosen.flatMap((mutation) => mutation.tests))];
  if (!passes(copy, tests)) throw new Error('the tests fail without any mutation');
  const survivors = chosen.filter((mutation) => {
    const isAlive = survives(copy, mutation);
    say(`${isAlive ? 'SURVIVES' : 'fails   '}  ${mutation.rule}`);
    return isAlive;
  });
  say(`${chosen.length} mutations, ${survivors.length} survive`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
