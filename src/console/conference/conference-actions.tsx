import type { Child } from "hono/jsx";
import { type FormField, isFlag, isOptional, type WholeConference } from "../../conference/action-row.ts";
import { askedActions } from "../../conference/operator-actions.ts";
import type { ConferenceView } from "../../rpc/conference-view.ts";
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
  readonly children?: Child;
}

/** A form for one action. The same action with the same `mark` acts once, so a double click or a reload does no harm. */
function ActionForm({ form, type, call, children }: FormProps) {
  return (
    <form method="post" action={form.to} data-stay="">
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
  readonly number: string;
  /** `null`: the call is being dialed. */
  readonly caller: { readonly muted: boolean } | null;
  readonly locked: boolean;
  /** Possible rooms for a move. */
  readonly rooms: readonly (readonly [room: string, name: string])[];
}

/** The actions on one caller. */
export function CallerActions({ form, call, number, caller, locked, rooms }: CallerActionsProps) {
  const about = `call-${call}-name`;
  return (
    <div class="actions">
      {ofCaller.map(([type, { parameters, asked }]) => {
        const { title, when, ofCallOut = "", asks } = asked.button;
        const needsRoom = "room" in parameters;
        const isOffered = caller ? (when?.({ ...caller, locked }) ?? true) : ofCallOut !== "";
        if (!isOffered || (needsRoom && rooms.length === 0)) return null;
        const name = caller ? title : ofCallOut;
        const acts = (
          <ActionForm {...{ form, type, call }}>
            {needsRoom && (
              <select name="room" aria-label="Room" aria-describedby={about}>
                {rooms.map(([room, name]) => (
                  <option value={room}>{name}</option>
                ))}
              </select>
            )}
            <button type="submit" class={asks && "danger"} aria-describedby={about}>
              {name}
            </button>
          </ActionForm>
        );
        if (!asks) return acts;
        return (
          <Question id={`${type}-${call}`} title={name} asks={asks({ number, call })} about={about}>
            {acts}
          </Question>
        );
      })}
    </div>
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

/** The actions with fields to fill in. */
export function FilledActions({ form }: Pick<FormProps, "form">) {
  return (
    <>
      {ofConference.map(([type, { parameters, asked }]) => {
        const { title, form: filled } = asked.button;
        if (!filled) return null;
        return (
          <details class="filled" data-asks="">
            <summary>{title}</summary>
            <ActionForm form={form} type={type}>
              {Object.entries(filled.fields).map(([name, field], index) => (
                <Filled {...{ type, name, field, parameter: parameters[name], isFirst: index === 0 }} />
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
  /** The note below the form is about the first field. */
  readonly isFirst: boolean;
}

function Filled({ type, name, field, parameter, isFirst }: FilledProps) {
  const id = `${type}-${name}`;
  if (isFlag(parameter)) {
    return (
      <label class="check">
        <input type="checkbox" name={name} value="1" /> {field.label}
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
        aria-describedby={isFirst ? `${type}-note` : undefined}
      />
    </div>
  );
}
