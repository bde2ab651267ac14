/** The house's rules about who may import whom, as one table. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDERS = ['functions', 'lib', 'bin'];

interface Rule {
  readonly why: string;
  /** Files the rule is for, by their path from the root. */
  readonly files: RegExp;
  readonly except?: RegExp;
  /** Imports it forbids: a path from the root, or the name of a package. */
  readonly forbids: RegExp;
}

const AWS_SDK = /^@aws-sdk\//;

const RULES: readonly Rule[] = [
  {
    why: 'functions is what runs; it knows neither where it is assembled nor who starts it',
    files: /^functions\//,
    forbids: /^(lib|bin|test)\/|^aws-cdk-lib|^constructs$/,
  },
  {
    why: 'core is pure: it imports nothing but core and zod',
    files: /^functions\/core\//,
    forbids: /^(?!functions\/core\/|zod$)/,
  },
  {
    why: 'objects are declarations: they import only core and each other',
    files: /^functions\/objects\//,
    forbids: /^(?!functions\/(core|objects)\/)/,
  },
  {
    why: 'sync is use cases over ports: core, objects and what Node itself has',
    files: /^functions\/sync\//,
    forbids: /^(?!functions\/(core|objects|sync)\/|node:)/,
  },
  {
    why: 'catalog is pure: tables and SQL from core and objects alone',
    files: /^functions\/catalog\//,
    forbids: /^(?!functions\/(core|objects|catalog)\/)/,
  },
  {
    why: 'connection is use cases over ports: core, and what Node itself has',
    files: /^functions\/connection\//,
    forbids: /^(?!functions\/(core|connection)\/|node:)/,
  },
  {
    why: 'intercom and aws never know each other',
    files: /^functions\/intercom\//,
    forbids: /^functions\/(aws|sync|connection)\//,
  },
  {
    why: 'intercom and aws never know each other',
    files: /^functions\/aws\//,
    forbids: /^functions\/(intercom|sync|connection)\//,
  },
  {
    why: "AWS's SDK is for adapters, the local assembly and the clients of a deployed pipeline",
    files: /./,
    except: /^functions\/(aws\/|(connection-)?runtime\.ts$)|^lib\/(local|remote)\//,
    forbids: AWS_SDK,
  },
  {
    why: 'the simulator shares no code with what it tests',
    files: /^lib\/simulator\//,
    forbids: /^(?!lib\/simulator\/|node:)/,
  },
  {
    why: 'stacks and constructs are synthesized for AWS; the local assembly reads them, never the reverse',
    files: /^lib\/(stacks|constructs)\//,
    forbids: /^lib\/(local|simulator)\//,
  },
  {
    why: 'what commands have in common knows no assembly',
    files: /^lib\/terminal\//,
    forbids: /^lib\/(?!terminal\/)|^@aws-sdk\/|^aws-cdk-lib/,
  },
  {
    why: 'the commands for a deployed pipeline need no assembly of it',
    files: /^lib\/remote\//,
    forbids: /^lib\/(?!remote\/|terminal\/|load-config\.ts$)|^aws-cdk-lib/,
  },
  {
    why: 'the commands for a deployed pipeline are used by bin alone',
    files: /^(?!bin\/|lib\/remote\/)/,
    forbids: /^lib\/remote\//,
  },
  { why: 'tests are imported by no one', files: /./, forbids: /^test\// },
];

const sources = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => join(folder, file)),
);

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import '([^']+)'/g;

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? '';
    return name.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), name)) : name;
  });
}

const graph = new Map(sources.map((file) => [file, importsOf(file)]));

describe('import rules', () => {
  it('sees the imports', () => {
    expect(graph.get('functions/sync/plan.ts')).toContain('functions/core/lake-keys.ts');
    expect([...graph.values()].flat().length).toBeGreaterThan(100);
  });

  it.each(RULES)('$why ($files)', ({ files, except, forbids }) => {
    const violations = [...graph]
      .filter(([file]) => files.test(file) && except?.test(file) !== true)
      .flatMap(([file, names]) =>
        names.filter((name) => forbids.test(name)).map((name) => `${file} imports ${name}`),
      );
    expect(violations).toEqual([]);
  });

  it('reads process.env in entries and bin only', () => {
    const readers = sources.filter((file) =>
      /(?<![`\w])process\.env\b/.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    const allowed = /^functions\/[^/]+\.lambda\.ts$|^bin\//;
    expect(readers.filter((file) => !allowed.test(file))).toEqual([]);
  });

  it('has no cycles', () => {
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (path.includes(file) || done.has(file)) return;
      for (const name of graph.get(file) ?? []) visit(name, [...path, file]);
      done.add(file);
    };
    for (const file of sources) visit(file, []);
    expect(cycles).toEqual([]);
  });
});
