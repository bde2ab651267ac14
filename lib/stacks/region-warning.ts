import { Annotations, type Stack } from 'aws-cdk-lib';
import type { ResolvedConfig } from '../../functions/config/config.ts';

/** For each region of Intercom, the AWS regions in the same part of the world. */
const EXPECTED: Readonly<
  Record<ResolvedConfig['region'], { readonly place: string; readonly regions: RegExp }>
> = {
  US: { place: 'anywhere', regions: /./ },
  EU: { place: 'Europe', regions: /^eu-/ },
  AU: { place: 'Australia', regions: /^ap-southeast-[24]$/ },
};

/** Warns at synthesis if the data of a workspace would leave the part of the world that Intercom hosts it in. */
export function warnAboutRegion(stack: Stack, { region }: ResolvedConfig, awsRegion: string): void {
  const { place, regions } = EXPECTED[region];
  if (regions.test(awsRegion)) return;
  Annotations.of(stack).addWarningV2(
    'intercom-to-s3:region',
    `The workspace is hosted in ${place} (region: '${region}'), and this stack goes to ${awsRegion}: the data would leave ${place}. Deploy to a region there, unless you intend this.`,
  );
}
