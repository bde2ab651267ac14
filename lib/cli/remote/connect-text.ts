/** What `connect` prints for the person who follows its steps. Pure. */
import type { Explanation } from '../../../functions/connection/explanations.ts';
import { isOptional, type ObjectName } from '../../../functions/core/names.ts';
import { tableText } from '../terminal/table-text.ts';
import type { DeployedPipeline } from './deployment.ts';
import { boxesFor } from './permissions.ts';
import type { RemotePipeline } from './remote-pipeline.ts';

/**
 * The outcome of an attempt, and what to do next. Backticks, which are for pages and Markdown, become quotes.
 * @param command how to give a command for this pipeline
 */
export function explanationText({ happened, next }: Explanation, command: RemotePipeline['command']): string {
  const bare = (text: string): string =>
    text.replaceAll(
      /`(?:npm run pipeline -- ([^`]*)|([^`]*))`/g,
      (_all, words?: string, other?: string) => `'${words === undefined ? other : command(words)}'`,
    );
  return [bare(happened), ...next.map((step) => `- ${bare(step)}`)].join('\n');
}

/** The first two steps: the app at Intercom, its redirect URL and its permissions. */
export function appSteps({ callbackUrl }: DeployedPipeline, objects: readonly ObjectName[]): string {
  const rows = [...boxesFor(objects)].map(([box, names]) => [
    `     ${box}${names.every(isOptional) ? ' (optional)' : ''}`,
    names.join(', '),
  ]);
  const boxes = tableText([['     permission', 'for'], ...rows]);
  return `1. Your app in Intercom's Developer Hub (https://app.intercom.com/a/apps/_/developer-hub; create one if you have none).
   Under Configure > Authentication tick "Use OAuth" and add exactly this redirect URL:

     ${callbackUrl}

2. Under Configure > Permissions tick:

${boxes}`;
}

/** The secret's page in the AWS console. */
const consoleUrl = ({ region, oauthClientSecret }: DeployedPipeline): string => {
  const url = new URL(`https://${region}.console.aws.amazon.com/secretsmanager/secret`);
  url.searchParams.set('name', oauthClientSecret);
  url.searchParams.set('region', region);
  return url.href;
};

/** The third step, by hand: the app's client id and secret. */
export function secretStep(deployed: DeployedPipeline, profile: string): string {
  const { region, oauthClientSecret } = deployed;
  return `3. Put the app's client id and client secret (Configure > Basic information) into a secret of the pipeline:

     {"client_id":"…","client_secret":"…"}

   Save that as client.json and run this command, or paste it in the console:

     aws secretsmanager put-secret-value --secret-id ${oauthClientSecret} --secret-string file://client.json --region ${region}${profile}
     ${consoleUrl(deployed)}`;
}

export const REPLACE_WARNING = `Another workspace will replace the present one in this pipeline:
- Rows of the old workspace stay in the tables, and views show them next to those of the new one.
- Every object is read again from the beginning.
We recommend a separate pipeline instead, which keeps the two apart: add a second configuration with another
'name' to the configuration file, deploy it, and connect that one.`;
