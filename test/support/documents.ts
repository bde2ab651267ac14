/** The repository's own texts, for tests of what they say. */
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

const OTHERS = ['node_modules', 'cdk.out', 'out', '.git'];

/** Paths from the root, of every file that matches; nothing that was installed or generated. */
export const filesOf = (...patterns: readonly string[]): readonly string[] =>
  globSync([...patterns], { cwd: ROOT, exclude: OTHERS.flatMap((name) => [name, `**/${name}`]) })
    .map((path) => path.replaceAll('\\', '/'))
    .sort();

export const textOf = (path: string): string => readFileSync(resolve(ROOT, path), 'utf8');

/** Without fenced blocks: what is in them is no link, no heading and no path. */
export const proseOf = (markdown: string): string => markdown.replaceAll(/^```[\s\S]*?^```$/gm, '');
