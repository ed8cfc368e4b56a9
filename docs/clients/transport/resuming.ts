/** A subscription that survives its connection: it is asked for again behind the last event seen. */

export interface Operation {
  query: string;
  operationName?: string;
  variables?: Record<string, unknown>;
  extensions?: Record<string, unknown>;
}

interface Failure {
  readonly message: string;
  readonly extensions?: Record<string, unknown>;
}

export interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly Failure[];
}

export interface Sink {
  next(answer: Answer): void;
  error(fault: unknown): void;
  complete(): void;
}

/** Begins a subscription; what it returns ends it. */
export type Subscribe = (operation: Operation, sink: Sink) => () => void;

/**
 * How many times in a row nothing new may come, the first of the waits, which double, and how long a
 * connection may be silent before it counts as lost.
 */
export interface Patience {
  triesMax?: number;
  waitMilliseconds?: number;
  silenceMilliseconds?: number;
}

const WAIT_MILLISECONDS_MAX = 30_000;
const FINAL_CLOSES = new Set([4400, 4401, 4403, 4406, 4409, 4429]);
const PASSING_CODES = new Set<unknown>(['UNAVAILABLE', 'INTERNAL']);

/**
 * Makes a transport's `subscribe` resume. Events carry `seq`; the document takes `$after: Int!`, or
 * `$tasks: [TaskPosition!]!` for `tasksEvents`, whose events carry `taskId` too: `seq` counts in each.
 * A subscription whose answers have no `seq` begins anew.
 */
export function resuming(subscribe: Subscribe, patience: Patience = {}): Subscribe {
  const { triesMax = 10, waitMilliseconds = 250 } = patience;
  return (operation, sink) => {
    const last = new Map<string, number>();
    let tries = 0;
    let stop = () => {};

    const begin = () => {
      let over = false;
      let end: (() => void) | undefined;
      const finish = (then: () => void) => {
        if (over) return;
        over = true;
        end?.();
        then();
      };
      const fail = (fault: unknown) =>
        finish(() => {
          tries += 1;
          if (tries > triesMax || isFinal(fault)) return sink.error(asError(fault));
          const doubled = Math.min(WAIT_MILLISECONDS_MAX, waitMilliseconds * 2 ** (tries - 1));
          const wait = Math.max(doubled * (0.5 + Math.random() / 2), askedMilliseconds(fault));
          const timer = setTimeout(begin, wait);
          stop = () => clearTimeout(timer);
        });
      stop = () => finish(() => {});
      end = subscribe({ ...operation, variables: onward(operation.variables, last) }, {
        next(answer) {
          if (over) return;
          if (answer.errors && !isFinal(answer.errors)) return fail(answer.errors);
          const { taskId, seq } = positionOf(answer);
          if (seq !== undefined) {
            if (seq <= (last.get(taskId) ?? 0)) return;
            last.set(taskId, seq);
          }
          tries = 0;
          sink.next(answer);
        },
        error: fail,
        complete: () => finish(() => sink.complete()),
      });
      if (over) end();
    };

    begin();
    return () => stop();
  };
}

/** The variables that ask for what follows *last*, the last `seq` of each task. */
function onward(variables: Operation['variables'], last: ReadonlyMap<string, number>) {
  if (last.size === 0) return variables;
  if (!Array.isArray(variables?.tasks)) return { ...variables, after: Math.max(...last.values()) };
  const tasks = (variables.tasks as { taskId: string; after?: number }[]).map((task) => ({
    ...task,
    after: last.get(task.taskId) ?? task.after ?? 0,
  }));
  return { ...variables, tasks };
}

function positionOf({ data }: Answer): { taskId: string; seq: number | undefined } {
  const [event] = Object.values(data ?? {});
  const { taskId, seq } = isObject(event) ? event : {};
  return {
    taskId: typeof taskId === 'string' ? taskId : '',
    seq: typeof seq === 'number' ? seq : undefined,
  };
}

/** True where asking again would only be refused again. */
function isFinal(fault: unknown): boolean {
  if (Array.isArray(fault)) return !(fault as Failure[]).every(isPassing);
  if (!isObject(fault)) return false;
  if (typeof fault.code === 'number') return FINAL_CLOSES.has(fault.code);
  const status = isObject(fault.response) ? fault.response.status : fault.statusCode;
  return typeof status === 'number' && status < 500 && status !== 408 && status !== 429;
}

function isPassing({ extensions = {} }: Failure): boolean {
  return PASSING_CODES.has(extensions.code) || typeof extensions.retryAfter === 'number';
}

/** How long the server asks to wait. */
function askedMilliseconds(fault: unknown): number {
  const failures = Array.isArray(fault) ? (fault as Failure[]) : [];
  const seconds = failures.map(({ extensions }) => Number(extensions?.retryAfter ?? 0));
  if (isObject(fault) && fault.response instanceof Response)
    seconds.push(Number(fault.response.headers.get('retry-after')));
  return 1000 * Math.max(0, ...seconds);
}

function asError(fault: unknown): Error {
  if (fault instanceof Error) return fault;
  const failures = Array.isArray(fault) ? (fault as Failure[]) : [];
  const close = isObject(fault) && 'code' in fault ? `${fault.code} ${fault.reason}`.trim() : '';
  const said = failures.map(({ message }) => message).join('; ');
  return new Error(said || close || 'The connection failed', { cause: fault });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
