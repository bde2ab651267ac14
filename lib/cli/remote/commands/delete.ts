/** `delete`: removes a pipeline from AWS, with its data or without. */
import type { ResolvedPipeline } from '../../../../functions/config/config.ts';
import { InputError, isPipelineError } from '../../../../functions/core/errors.ts';
import { type LakeRoot, rootUrl, WRITTEN } from '../../../../functions/core/lake-keys.ts';
import { DEFAULT_CONFIG_FILE, loadPipeline } from '../../load-config.ts';
import { tableText } from '../../terminal/table-text.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import type { AwsClients } from '../aws-clients.ts';
import { deleteStack, requireIdle } from '../delete-stack.ts';
import { type DeletionPlan, planDeletion } from '../deletion-plan.ts';
import { clientsOf, commandText, deployCommand, type RemoteOptions } from '../remote-pipeline.ts';
import { emptyBucket, lookInto, RESTORE_DAYS } from '../removal.ts';
import { createRuns } from '../runs.ts';

export interface DeleteOptions extends RemoteOptions {
  /** Deletes only what can be made again. */
  readonly keepData?: boolean;
  /** Also deletes what the pipeline wrote to a bucket that the configuration names. */
  readonly ownBucket?: boolean;
  /** Name of the pipeline, instead of questions. */
  readonly yes?: string;
}

/** Where the pipeline writes in its bucket. */
const writtenBelow = ({ prefix }: LakeRoot): readonly string[] => WRITTEN.map((start) => prefix + start);

interface Deletion {
  readonly name: string;
  readonly place: string;
  readonly plan: DeletionPlan;
  /** The user's own bucket, if what the pipeline wrote there goes too. */
  readonly ownBucket: { readonly lake: LakeRoot; readonly content: string } | null;
  readonly keepData: boolean;
  /** The command that uninstalls the app. */
  readonly disconnect: string;
}

const stayingLines = ({ staying }: DeletionPlan): readonly string[] =>
  staying.map((one) => `The ${one} stays: the configuration names it, or an output of another stack.`);

const usd = (amount: number): string => `$${amount.toFixed(2)}`;

function stackLines({ plan, name, keepData }: Deletion): readonly (readonly string[])[] {
  return [
    ...(plan.pipeline === null ? [] : [['stack', name, 'functions, workflow, schedules, alarms, logs']]),
    ...(plan.data === null || keepData
      ? []
      : [['stack', `${name}-data`, 'holds the resources listed below']]),
  ];
}

/** What exists, what it costs to keep, what goes and what stays. */
function describeDeletion(deletion: Deletion): string {
  const { plan, place, ownBucket, keepData, name, disconnect } = deletion;
  const rows = [
    ...stackLines(deletion),
    ...(keepData ? [] : plan.remaining.map(({ id, removal, content }) => [removal.noun, id, content])),
    ...(ownBucket === null
      ? []
      : [
          [
            'bucket',
            ownBucket.lake.bucket,
            `stays; what the pipeline wrote below ${rootUrl(ownBucket.lake)} goes: ${ownBucket.content}`,
          ],
        ]),
  ];
  const monthly = plan.remaining.reduce((sum, { monthlyUsd }) => sum + monthlyUsd, 0);
  return [
    `To be deleted of ${place}:\n`,
    tableText([['what', 'name', 'content'], ...rows]),
    '',
    ...(plan.pipeline === null ? [] : ['Runs in progress are stopped.']),
    keepData
      ? `The data stays, in stack ${name}-data.`
      : `Keeping the data costs about ${usd(monthly)} a month; --keep-data deletes only what can be made again.`,
    ...stayingLines(plan),
    ...(plan.pipeline === null || keepData
      ? []
      : [
          `The app stays installed at Intercom. '${disconnect}' uninstalls it, but only before you delete the pipeline.`,
        ]),
  ].join('\n');
}

async function agrees(
  terminal: Terminal,
  { name, place, keepData }: Deletion,
  yes: string | undefined,
): Promise<boolean> {
  if (yes !== undefined) return true;
  if (!terminal.canAsk) return false;
  if (!(await terminal.confirm(keepData ? `Delete stack ${name} of ${place}?` : `Delete all of this?`)))
    return false;
  return (await terminal.ask(`Type the name of the pipeline (${name}) to delete it:`)).trim() === name;
}

/** Stops runs in progress, so that CloudFormation need not wait for them. */
async function stopRuns(terminal: Terminal, clients: AwsClients, stateMachine: string): Promise<void> {
  const runs = createRuns(clients.sfn, stateMachine);
  try {
    for (const { arn, runId } of await runs.running()) {
      await runs.stop(arn);
      terminal.tell(`Stopped run ${runId}.`);
    }
  } catch (error) {
    // The state machine is already gone.
    if (!(isPipelineError(error) && error.code === 'aws_gone')) throw error;
  }
}

async function carryOut(
  terminal: Terminal,
  clients: AwsClients,
  { plan, keepData, ownBucket, name }: Deletion,
): Promise<void> {
  const { pipeline, data, remaining } = plan;
  if (pipeline !== null) {
    const machine = pipeline.Outputs?.find(({ OutputKey }) => OutputKey === 'StateMachineArn')?.OutputValue;
    const stop = async () => machine === undefined || (await stopRuns(terminal, clients, machine));
    await stop();
    terminal.tell(`Deleting stack ${name}. This takes some minutes.`);
    await deleteStack(clients, terminal, pipeline, async () => void (await stop()));
  }
  if (keepData) return;
  if (data !== null) {
    terminal.tell(`Deleting stack ${name}-data.`);
    await deleteStack(clients, terminal, data);
  }
  for (const { id, removal } of remaining) {
    terminal.tell(`Deleting ${removal.noun} ${id}.`);
    await removal.remove(id);
  }
  if (ownBucket === null) return;
  const { lake } = ownBucket;
  terminal.tell(`Deleting what the pipeline wrote below ${rootUrl(lake)}.`);
  for (const prefix of writtenBelow(lake)) await emptyBucket(clients.s3, lake.bucket, prefix);
}

/** @throws InputError if the options contradict each other or the configuration */
function checkOptions({ config, deployment }: ResolvedPipeline, options: DeleteOptions): void {
  const { yes, keepData = false, ownBucket = false } = options;
  if (yes !== undefined && yes !== config.name) {
    const message = `--yes: '${yes}' is not the name of the pipeline, which is '${config.name}'. Nothing was changed.`;
    throw new InputError(message, { code: 'wrong_name' });
  }
  if (ownBucket && (deployment.aws.bucket === null || keepData)) {
    throw new InputError(
      "--own-bucket is only for a pipeline whose configuration names a bucket in 'aws.bucket', and cannot be combined with --keep-data.",
      { code: 'no_own_bucket' },
    );
  }
}

/** @throws InputError if it must not be deleted now, or nothing is known about it */
function checkPlan(plan: DeletionPlan, name: string, place: string, lake: LakeRoot | null): void {
  if (plan.isUnknown && lake === null) {
    throw new InputError(
      `CloudFormation knows no stack of ${place}, neither deployed nor deleted in the last 90 days. Say where it is with --region, --profile or --pipeline. Anything older has the tag 'pipeline' with the value '${name}': look for it in the consoles of AWS.`,
      { code: 'not_deployed' },
    );
  }
  for (const stack of [plan.pipeline, plan.data]) if (stack !== null) requireIdle(stack);
  if (lake !== null && plan.isUsedElsewhere(lake)) {
    throw new InputError(
      `Bucket ${lake.bucket} also belongs to another stack of this account, so it is not emptied. Nothing was changed.`,
      { code: 'bucket_in_use' },
    );
  }
}

const isNothing = ({ plan: { pipeline, data, remaining }, ownBucket, keepData }: Deletion): boolean =>
  pipeline === null && (keepData || (data === null && remaining.length === 0 && ownBucket === null));

export async function runDelete(terminal: Terminal, options: DeleteOptions): Promise<ExitStatus> {
  const pipeline = await loadPipeline(options.config ?? DEFAULT_CONFIG_FILE, options.pipeline);
  checkOptions(pipeline, options);
  const { name } = pipeline.config;
  const { keepData = false } = options;
  const { bucket, prefix } = pipeline.deployment.aws;
  const lake = options.ownBucket === true && bucket !== null ? { bucket, prefix } : null;
  const clients = await clientsOf(terminal, options);
  const plan = await planDeletion(clients, terminal, pipeline, { keepData });
  const account = plan.accountId === null ? 'this account' : `account ${plan.accountId}`;
  const place = `pipeline '${name}' (${account}, ${clients.region})`;
  checkPlan(plan, name, place, lake);
  const found = lake === null ? null : await lookInto(clients.s3, lake.bucket, writtenBelow(lake));
  const ownBucket = lake === null || found === null ? null : { lake, content: found.content };
  const disconnect = commandText('disconnect', options);
  const deletion: Deletion = { name, place, plan, ownBucket, keepData, disconnect };
  if (isNothing(deletion)) {
    terminal.tell([`There is nothing to delete of ${place}.`, ...stayingLines(plan)].join('\n'));
    return 0;
  }
  terminal.tell(describeDeletion(deletion));
  if (!(await agrees(terminal, deletion, options.yes))) {
    terminal.tell(`Nothing was changed. Use --yes ${name} if nobody can answer.`);
    return 1;
  }
  try {
    await carryOut(terminal, clients, deletion);
  } catch (error) {
    const again = commandText('delete', options, {
      '--keep-data': keepData,
      '--own-bucket': lake !== null,
    });
    terminal.tell(`Not everything is deleted. To continue: ${again}`);
    throw error;
  }
  terminal.tell(
    keepData
      ? `Deleted. To bring it back: ${deployCommand(name, options)}`
      : `Deleted. For ${RESTORE_DAYS} days, secrets can be restored and the deletion of a key cancelled: see docs/operate.md.`,
  );
  return 0;
}
