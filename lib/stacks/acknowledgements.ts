/** What the AWS Solutions rules find here and is meant to be so, each with its reason. Everything else they find stops the synthesis. */

export interface Acknowledgement {
  /** The whole finding: a rule, of some rules with what it is about, `AwsSolutions-IAM5[Resource::*]`. */
  readonly finding: RegExp;
  /** The construct's whole path below its stack. */
  readonly at: RegExp;
  readonly reason: string;
}

export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    finding: /^AwsSolutions-SMG4$/,
    at: /^Default\/Connection\/Resource$/,
    reason:
      "An Intercom token has no expiry and no refresh: a new one takes a person's consent, which is what the connect command asks for.",
  },
  {
    finding: /^AwsSolutions-SMG4$/,
    at: /^Default\/HashKey\/Resource$/,
    reason:
      'Another key makes other hashes of the same values, so that rows of before and after can no longer be joined: rotation is a decision of the user (docs/privacy.md).',
  },
  {
    finding: /^AwsSolutions-SMG4$/,
    at: /^Default\/OAuthClient\/Resource$/,
    reason:
      'Client id and secret are given by Intercom and filled in by the user; nothing here could make new ones.',
  },
  {
    finding: /^AwsSolutions-APIG4$/,
    at: /^Default\/Api\/ANY--callback\/Resource$/,
    reason:
      'A browser comes back from Intercom without credentials of AWS: the single-use state in the address, minted by the connect command, is what authorizes it.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::.*Lake\w+\/[a-z_/]+\/\*\]$/,
    at: /^(Extractors\/\w+|StartRun|RecordFailure|FinishRun)\/Role\/DefaultPolicy\/Resource$/,
    reason:
      'Objects below a prefix that belongs to the function alone, or to the run; their names are made at run time.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::\*\]$/,
    at: /^Workflow\/StateMachine\/Role\/DefaultPolicy\/Resource$/,
    reason: 'Log delivery of state machines and X-Ray have no resources that a policy could name.',
  },
  {
    finding: /^AwsSolutions-IAM5\[Resource::arn:.*:execution:<WorkflowStateMachine\w+\.Name>:\*\]$/,
    at: /^Workflow\/AskForExecutions\/Resource$/,
    reason:
      "Asks whether a lease's holder still runs: executions of the one state machine, named when they start.",
  },
  {
    finding: /^AwsSolutions-SQS3$/,
    at: /^Schedules\/DeadLetters\/Resource$/,
    reason: 'It is a dead-letter queue, of EventBridge Scheduler; the rule knows those of other queues only.',
  },
];
