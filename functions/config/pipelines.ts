/** A configuration file: one pipeline or a list of them. */

import { InputError } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';
import { rootUrl } from '../core/lake-keys.ts';
import {
  type ConfigRules,
  checkConfig,
  DEFAULT_NAME,
  type ResolvedPipeline,
  refuseConfig,
} from './config.ts';

const nameOf = (config: unknown): unknown =>
  isJsonObject(config) ? (config.name ?? DEFAULT_NAME) : undefined;

/** Two pipelines with the same name would be the same stacks. */
function sameNames(configs: readonly unknown[]): readonly string[] {
  const names = configs.map(nameOf);
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (name === undefined || first === index) return [];
    return [
      `[${index}].name: '${String(name)}' is also the name of [${first}]; each pipeline needs its own name`,
    ];
  });
}

/** Two pipelines in the same place of the same bucket would take each other's files for their own. */
function sameLakes(checked: readonly ReturnType<typeof checkConfig>[]): readonly string[] {
  const roots = checked.map((one) => {
    if ('problems' in one) return null;
    const { bucket, prefix } = one.pipeline.deployment.aws;
    return bucket === null ? null : rootUrl({ bucket, prefix });
  });
  return roots.flatMap((root, index) => {
    const first = roots.indexOf(root);
    if (root === null || first === index) return [];
    return [
      `[${index}].aws.prefix: ${root} is also the lake of [${first}]; give each pipeline its own prefix`,
    ];
  });
}

/**
 * Checks the content of a configuration file: one configuration, or a list of them with different names and lakes.
 * @throws InputError listing every mistake of every configuration
 */
export function parsePipelines(content: unknown, rules: ConfigRules): readonly ResolvedPipeline[] {
  const isList = Array.isArray(content);
  const configs: readonly unknown[] = isList ? content : [content];
  if (configs.length === 0)
    return refuseConfig(['(top level): the list is empty; it needs at least one pipeline']);
  const checked = configs.map((config, index) => checkConfig(config, rules, isList ? `[${index}]` : ''));
  const problems = checked.flatMap((one) => ('problems' in one ? one.problems : []));
  const all = [...problems, ...sameNames(configs), ...sameLakes(checked)];
  if (all.length > 0) return refuseConfig(all);
  return checked.flatMap((one) => ('pipeline' in one ? [one.pipeline] : []));
}

/**
 * @param name optional if there is only one
 * @throws InputError listing the pipelines
 */
export function choosePipeline(
  pipelines: readonly ResolvedPipeline[],
  name: string | undefined,
): ResolvedPipeline {
  const names = pipelines.map(({ config }) => config.name).join(', ');
  const [first, second] = pipelines;
  const chosen = name === undefined ? first : pipelines.find(({ config }) => config.name === name);
  if (chosen === undefined) {
    throw new InputError(`There is no pipeline '${name}'; there are: ${names}.`, {
      code: 'unknown_pipeline',
    });
  }
  if (name === undefined && second !== undefined) {
    throw new InputError(`There are several pipelines: ${names}. Choose one with --pipeline NAME.`, {
      code: 'several_pipelines',
    });
  }
  return chosen;
}
