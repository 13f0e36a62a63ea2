import type { Child } from "hono/jsx";
import { type FormField, isFlag, isOptional, type WholeConference } from "../../conference/action-row.ts";
import { askedActions } from "../../conference/operator-actions.ts";
import type { ConferenceView } from "../../rpc/conference-view.ts";
import type { ActionStages } from "../../rpc/timeline.ts";
import { Question } from "../parts.tsx";

/** Target of the forms, and the conference's state when they were made. */
export interface FormTarget {
  readonly to: string;
  readonly mark: string;
}

interface FormProps {
  readonly form: FormTarget;
  readonly type: string;
  readonly call?: string | undefined;
  readonly stays?: boolean;
  readonly children?: Child;
}

/** A form for one action. The same action with the same `mark` acts once, so a double click or a reload does no harm. */
function ActionForm({ form, type, call, stays = true, children }: FormProps) {
  return (
    <form method="post" action={form.to} data-stay={stays ? "" : undefined}>
      <input type="hidden" name="mark" value={form.mark} />
      <input type="hidden" name="type" value={type} />
      {call !== undefined && <input type="hidden" name="call" value={call} />}
      {children}
    </form>
  );
}

const actions = askedActions();
const ofCaller = Object.entries(actions).filter(([, { parameters }]) => "call" in parameters);
const ofConference = Object.entries(actions).filter(([, { parameters }]) => !("call" in parameters));

interface CallerActionsProps {
  readonly form: FormTarget;
  readonly call: string;
  /** `null`: the call is being dialed. */
  readonly caller: { readonly muted: boolean } | null;
  readonly locked: boolean;
  /** Possible rooms for a move. */
  readonly rooms: readonly (readonly [room: string, name: string])[];
}

/** The actions on one caller. */
export function CallerActions({ form, call, caller, locked, rooms }: CallerActionsProps) {
  const about = `call-${call}-name`;
  return (
    <>
      {ofCaller.map(([type, { parameters, asked }]) => {
        const { title, when, ofCallOut } = asked.button;
        const needsRoom = "room" in parameters;
        const isOffered = caller ? (when?.({ ...caller, locked }) ?? true) : ofCallOut !== undefined;
        if (!isOffered || (needsRoom && rooms.length === 0)) return null;
        return (
          <ActionForm {...{ form, type, call }}>
            {needsRoom && (
              <select name="room" aria-label="Room" aria-describedby={about}>
                {rooms.map(([room, name]) => (
                  <option value={room}>{name}</option>
                ))}
              </select>
            )}
            <button type="submit" aria-describedby={about}>
              {caller ? title : ofCallOut}
            </button>
          </ActionForm>
        );
      })}
    </>
  );
}

interface WholeProps {
  readonly confKey: string;
  readonly view: Pick<ConferenceView, "locked" | "callers" | "muteAll" | "unmuteAll">;
  readonly form: FormTarget;
}

/** The actions on a whole conference. Each asks first. */
export function WholeActions({ confKey, view, form }: WholeProps) {
  const whole: WholeConference = { ...view, confKey, callers: view.callers.length };
  return (
    <div class="actions whole">
      {ofConference.map(([type, row]) => {
        const { title, when, question } = row.asked.button;
        if (!question || when?.({ muted: false, locked: view.locked }) === false) return null;
        return (
          <Question id={`ask-${type}`} title={title} asks={question.says(whole)}>
            <ActionForm form={form} type={type}>
              <button type="submit" class={question.isFinal && "danger"}>
                {question.confirm}
              </button>
            </ActionForm>
          </Question>
        );
      })}
    </div>
  );
}

interface UndoProps {
  readonly form: FormTarget;
  readonly view: Pick<ConferenceView, "locked" | "callers">;
  readonly stages: Pick<ActionStages, "request" | "result">;
}

/** Undoes a finished action if its result still holds. */
export function Undo({ form, view: { locked, callers }, stages: { request, result } }: UndoProps) {
  const type = actions[request.type]?.asked.button.undo ?? "";
  const button = actions[type]?.asked.button;
  const caller = "call" in request ? callers.find(({ call }) => call === request.call) : undefined;
  if (!button || result?.type !== "done" || ("call" in request && !caller)) return null;
  if (button.when?.({ muted: caller?.muted ?? false, locked }) === false) return null;
  return (
    <ActionForm {...{ form, type, call: caller?.call }}>
      <button type="submit">Undo: {button.title.toLowerCase()}</button>
    </ActionForm>
  );
}

/** A refused form with its typed values. */
export interface WrongForm {
  readonly typed: Readonly<Record<string, string>>;
  readonly field: string;
  /** The error of the field, in a sentence. */
  readonly says: string;
}

interface FilledActionsProps {
  readonly form: FormTarget;
  readonly wrong: WrongForm | null;
}

/** The actions with fields to fill in. */
export function FilledActions({ form, wrong: anyWrong }: FilledActionsProps) {
  return (
    <>
      {ofConference.map(([type, { parameters, asked }]) => {
        const { title, form: filled } = asked.button;
        if (!filled) return null;
        const wrong = anyWrong?.typed.type === type ? anyWrong : null;
        return (
          <details class="filled" open={wrong !== null} data-asks="">
            <summary>{title}</summary>
            <ActionForm form={form} type={type} stays={false}>
              {Object.entries(filled.fields).map(([name, field], index) => (
                <Filled {...{ type, name, field, wrong, parameter: parameters[name], isFirst: index === 0 }} />
              ))}
              <button type="submit" class="main">
                {filled.confirm}
              </button>
              <p id={`${type}-note`} class="dim">
                {filled.note}
              </p>
            </ActionForm>
          </details>
        );
      })}
    </>
  );
}

interface FilledProps {
  readonly type: string;
  readonly name: string;
  readonly field: FormField;
  readonly parameter: Parameters<typeof isFlag>[0];
  readonly wrong: WrongForm | null;
  /** The note below the form is about the first field. */
  readonly isFirst: boolean;
}

function Filled({ type, name, field, parameter, wrong, isFirst }: FilledProps) {
  const id = `${type}-${name}`;
  const isWrong = wrong?.field === name;
  const value = wrong?.typed[name] ?? "";
  if (isFlag(parameter)) {
    return (
      <label class="check">
        <input type="checkbox" name={name} value="1" checked={value !== ""} /> {field.label}
      </label>
    );
  }
  return (
    <div>
      <label for={id}>{field.label}</label>
      <input
        id={id}
        name={name}
        type={field.type}
        maxlength={field.maxLength}
        placeholder={field.placeholder}
        required={!isOptional(parameter)}
        autocomplete="off"
        value={value}
        autofocus={isWrong}
        aria-invalid={isWrong ? "true" : undefined}
        aria-describedby={isWrong ? `${type}-wrong` : isFirst ? `${type}-note` : undefined}
      />
      {isWrong && (
        <span id={`${type}-wrong`} class="wrong" role="alert">
          {wrong.says}
        </span>
      )}
    </div>
  );
}
