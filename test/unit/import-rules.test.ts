/** The rules for imports between folders, as one table. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDERS = ['functions', 'lib', 'bin'];

interface Rule {
  readonly why: string;
  /** Files that the rule applies to, by their path from the root. */
  readonly files: RegExp;
  readonly except?: RegExp;
  /** Imports that it forbids: a path from the root, or the name of a package. */
  readonly forbids: RegExp;
}

const AWS_SDK = /^@aws-sdk\//;

/** Folders of functions/ that are pure: no AWS, no fetch, no environment, no clock, no files. */
const PURE = 'core|config|rows|objects';

const RULES: readonly Rule[] = [
  {
    why: 'functions is what runs: it must not depend on where it is assembled or who starts it',
    files: /^functions\//,
    forbids: /^(lib|bin|test)\/|^aws-cdk-lib|^constructs$/,
  },
  {
    why: 'core is shared by every folder, so it depends on none of them: only on core and zod',
    files: /^functions\/core\//,
    forbids: /^(?!functions\/core\/|zod$)/,
  },
  {
    why: 'rows is pure: it turns a record and the field rules into rows',
    files: /^functions\/rows\//,
    forbids: /^(?!functions\/(core|rows)\/)/,
  },
  {
    why: 'config is pure: it turns settings into a checked configuration',
    files: /^functions\/config\//,
    forbids: /^(?!functions\/(core|rows|config)\/|zod$)/,
  },
  {
    why: 'objects are declarations: data that you can read without knowing the engine',
    files: /^functions\/objects\//,
    forbids: new RegExp(`^(?!functions/(${PURE})/)`),
  },
  {
    why: 'sync has use cases over ports, so that tests can run it without a network',
    files: /^functions\/sync\//,
    forbids: new RegExp(`^(?!functions/(${PURE}|sync)/|node:)`),
  },
  {
    why: 'the stages of a run depend on what they share, never on each other',
    files: /^functions\/sync\/run\//,
    forbids: /^functions\/sync\/(plan|extract|commit)\//,
  },
  {
    why: 'the stages of a run depend on what they share, never on each other',
    files: /^functions\/sync\/plan\//,
    forbids: /^functions\/sync\/(run|extract|commit)\//,
  },
  {
    why: 'the stages of a run depend on what they share, never on each other',
    files: /^functions\/sync\/extract\//,
    forbids: /^functions\/sync\/(run|plan|commit)\//,
  },
  {
    why: 'the stages of a run depend on what they share, never on each other',
    files: /^functions\/sync\/commit\//,
    forbids: /^functions\/sync\/(run|plan|extract)\//,
  },
  {
    why: 'what the stages of a run share does not depend on the stages',
    files: /^functions\/sync\/[^/]+$/,
    forbids: /^functions\/sync\/[^/]+\//,
  },
  {
    why: 'catalog is pure: tables and SQL follow from the declarations only',
    files: /^functions\/catalog\//,
    forbids: new RegExp(`^(?!functions/(${PURE}|catalog)/)`),
  },
  {
    why: 'connection has use cases over ports: OAuth without HTTP and without AWS',
    files: /^functions\/connection\//,
    forbids: new RegExp(`^(?!functions/(${PURE}|connection)/|node:)`),
  },
  {
    why: 'intercom and aws do not depend on each other, so that each can be replaced alone',
    files: /^functions\/intercom\//,
    forbids: /^functions\/(aws|sync|connection|catalog|telemetry)\//,
  },
  {
    why: 'HTTP does not depend on the readers',
    files: /^functions\/intercom\/http\//,
    forbids: /^functions\/intercom\/(?!http\/)/,
  },
  {
    why: 'what the readers share does not depend on a reader',
    files: /^functions\/intercom\/readers\/walk\//,
    forbids: /^functions\/intercom\/readers\/(?!walk\/)/,
  },
  {
    why: 'intercom and aws do not depend on each other, so that each can be replaced alone',
    files: /^functions\/aws\//,
    forbids: /^functions\/(intercom|sync|connection|telemetry)\//,
  },
  {
    why: 'telemetry writes what the ports report, and decides nothing',
    files: /^functions\/telemetry\//,
    forbids: /^functions\/(?!core\/|telemetry\/|environment\.ts$)/,
  },
  {
    why: "only the adapters, the provisioning of a template, the stand-ins and the commands use AWS's SDK",
    files: /./,
    except:
      /^functions\/(aws\/|((connection|catalog)-)?runtime\.ts$)|^lib\/(cli\/(local|remote)|template|standins\/aws)\//,
    forbids: AWS_SDK,
  },
  {
    why: 'a stand-in that shared code with us would share our mistakes',
    files: /^lib\/standins\//,
    forbids: /^(functions|bin|lib\/(?!standins\/))/,
  },
  {
    why: 'the two stand-ins do not depend on each other',
    files: /^lib\/standins\/intercom\//,
    forbids: /^(?!lib\/standins\/intercom\/|node:)/,
  },
  {
    why: 'the two stand-ins do not depend on each other',
    files: /^lib\/standins\/aws\//,
    forbids: /^lib\/standins\/intercom\//,
  },
  {
    why: 'stacks and constructs do not depend on the code that reads them',
    files: /^lib\/(stacks|constructs)\//,
    forbids: /^lib\/(?!stacks\/|constructs\/)/,
  },
  {
    why: 'template serves every command, so it depends on none',
    files: /^lib\/template\//,
    forbids: /^lib\/(cli|standins)\//,
  },
  {
    why: 'what the commands share does not depend on the stacks or on AWS',
    files: /^lib\/cli\/terminal\//,
    forbids: /^lib\/(?!cli\/terminal\/)|^@aws-sdk\/|^aws-cdk-lib/,
  },
  {
    why: 'the commands for a deployed pipeline do not assemble it',
    files: /^lib\/cli\/remote\//,
    forbids:
      /^lib\/(?!cli\/(remote|terminal|audit|load|person|report)\/|cli\/(load-config|cost\/prices)\.ts$)|^aws-cdk-lib/,
  },
  {
    why: 'the report is the same for both kinds of pipeline, so it depends on neither',
    files: /^lib\/cli\/report\//,
    forbids: /^lib\/(?!cli\/(report|terminal)\/)|^@aws-sdk\/|^aws-cdk-lib/,
  },
  {
    why: 'the audit is the same for both kinds of pipeline, so it depends on neither',
    files: /^lib\/cli\/audit\//,
    forbids: /^lib\/(?!cli\/(audit|terminal)\/)|^@aws-sdk\/|^aws-cdk-lib/,
  },
  {
    why: 'SQL for warehouses follows from manifests and the catalog alone',
    files: /^lib\/cli\/load\//,
    forbids: /^lib\/(?!cli\/load\/)|^@aws-sdk\/|^aws-cdk-lib/,
  },
  {
    why: 'only bin uses the commands for a deployed pipeline',
    files: /^(?!bin\/|lib\/cli\/remote\/)/,
    forbids: /^lib\/cli\/remote\//,
  },
  { why: 'nothing imports tests', files: /./, forbids: /^test\// },
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
  it('finds the imports', () => {
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

  it('allows process.env in entries and bin only', () => {
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
