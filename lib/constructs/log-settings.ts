import type { IAspect } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import type { IConstruct } from 'constructs';

export interface LogSettingsProps {
  readonly retentionDays: number;
  /** Encrypts the logs. @default a key of AWS */
  readonly key: IKey | undefined;
}

/** Sets retention and encryption on every log group, so that no construct can forget them. */
export class LogSettings implements IAspect {
  readonly #props: LogSettingsProps;

  constructor(props: LogSettingsProps) {
    this.#props = props;
  }

  visit(node: IConstruct): void {
    if (!(node instanceof CfnLogGroup)) return;
    node.retentionInDays = this.#props.retentionDays;
    if (this.#props.key !== undefined) node.kmsKeyId = this.#props.key.keyArn;
  }
}
