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

/** Rooms of functions/ that are pure: no AWS, no fetch, no environment, no clock, no files. */
const PURE = 'core|config|rows|objects';

const RULES: readonly Rule[] = [
  {
    why: 'functions is what runs; it knows neither where it is assembled nor who starts it',
    files: /^functions\//,
    forbids: /^(lib|bin|test)\/|^aws-cdk-lib|^constructs$/,
  },
  {
    why: 'core is shared by every room, so it may need none of them: only core and zod',
    files: /^functions\/core\//,
    forbids: /^(?!functions\/core\/|zod$)/,
  },
  {
    why: 'rows is pure: a record and the field rules become rows',
    files: /^functions\/rows\//,
    forbids: /^(?!functions\/(core|rows)\/)/,
  },
  {
    why: 'config is pure: a file of settings becomes a validated configuration',
    files: /^functions\/config\//,
    forbids: /^(?!functions\/(core|rows|config)\/|zod$)/,
  },
  {
    why: 'objects are declarations: data, readable without knowing the engine',
    files: /^functions\/objects\//,
    forbids: new RegExp(`^(?!functions/(${PURE})/)`),
  },
  {
    why: 'sync is use cases over ports, so that every test can run it without a network',
    files: /^functions\/sync\//,
    forbids: new RegExp(`^(?!functions/(${PURE}|sync)/|node:)`),
  },
  {
    why: 'the stages of a run know their common ground, never each other',
    files: /^functions\/sync\/run\//,
    forbids: /^functions\/sync\/(plan|extract|commit)\//,
  },
  {
    why: 'the stages of a run know their common ground, never each other',
    files: /^functions\/sync\/plan\//,
    forbids: /^functions\/sync\/(run|extract|commit)\//,
  },
  {
    why: 'the stages of a run know their common ground, never each other',
    files: /^functions\/sync\/extract\//,
    forbids: /^functions\/sync\/(run|plan|commit)\//,
  },
  {
    why: 'the stages of a run know their common ground, never each other',
    files: /^functions\/sync\/commit\//,
    forbids: /^functions\/sync\/(run|plan|extract)\//,
  },
  {
    why: 'the common ground of a run stands below its stages',
    files: /^functions\/sync\/[^/]+$/,
    forbids: /^functions\/sync\/[^/]+\//,
  },
  {
    why: 'catalog is pure: tables and SQL follow from the declarations alone',
    files: /^functions\/catalog\//,
    forbids: new RegExp(`^(?!functions/(${PURE}|catalog)/)`),
  },
  {
    why: 'connection is use cases over ports: OAuth without HTTP and without AWS',
    files: /^functions\/connection\//,
    forbids: new RegExp(`^(?!functions/(${PURE}|connection)/|node:)`),
  },
  {
    why: 'intercom and aws never know each other: each can be replaced alone',
    files: /^functions\/intercom\//,
    forbids: /^functions\/(aws|sync|connection|catalog|telemetry)\//,
  },
  {
    why: 'HTTP stands below the readers',
    files: /^functions\/intercom\/http\//,
    forbids: /^functions\/intercom\/(?!http\/)/,
  },
  {
    why: 'what readers share knows no reader',
    files: /^functions\/intercom\/readers\/walk\//,
    forbids: /^functions\/intercom\/readers\/(?!walk\/)/,
  },
  {
    why: 'intercom and aws never know each other: each can be replaced alone',
    files: /^functions\/aws\//,
    forbids: /^functions\/(intercom|sync|connection|telemetry)\//,
  },
  {
    why: 'telemetry writes what the ports report; it decides nothing',
    files: /^functions\/telemetry\//,
    forbids: /^functions\/(?!core\/|telemetry\/|environment\.ts$)/,
  },
  {
    why: "AWS's SDK is for adapters, the provisioning of a template, the stand-ins and the commands",
    files: /./,
    except:
      /^functions\/(aws\/|(connection-)?runtime\.ts$)|^lib\/(cli\/(local|remote)|template|standins\/aws)\//,
    forbids: AWS_SDK,
  },
  {
    why: 'a stand-in that shared code with us would share our mistakes',
    files: /^lib\/standins\//,
    forbids: /^(functions|bin|lib\/(?!standins\/))/,
  },
  {
    why: 'the two stand-ins know nothing of each other',
    files: /^lib\/standins\/intercom\//,
    forbids: /^(?!lib\/standins\/intercom\/|node:)/,
  },
  {
    why: 'the two stand-ins know nothing of each other',
    files: /^lib\/standins\/aws\//,
    forbids: /^lib\/standins\/intercom\//,
  },
  {
    why: 'stacks and constructs are synthesized for AWS; whoever reads them comes later',
    files: /^lib\/(stacks|constructs)\//,
    forbids: /^lib\/(?!stacks\/|constructs\/)/,
  },
  {
    why: 'template reads what the stacks synthesize, for any command',
    files: /^lib\/template\//,
    forbids: /^lib\/(cli|standins)\//,
  },
  {
    why: 'what commands have in common knows no assembly',
    files: /^lib\/cli\/terminal\//,
    forbids: /^lib\/(?!cli\/terminal\/)|^@aws-sdk\/|^aws-cdk-lib/,
  },
  {
    why: 'the commands for a deployed pipeline need no assembly of it',
    files: /^lib\/cli\/remote\//,
    forbids: /^lib\/(?!cli\/(remote|terminal)\/|cli\/load-config\.ts$)|^aws-cdk-lib/,
  },
  {
    why: 'the commands for a deployed pipeline are used by bin alone',
    files: /^(?!bin\/|lib\/cli\/remote\/)/,
    forbids: /^lib\/cli\/remote\//,
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
    expect(graph.get('functions/sync/plan/plan.ts')).toContain('functions/core/lake-keys.ts');
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
