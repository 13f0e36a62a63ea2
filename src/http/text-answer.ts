/** An answer that is a short text. On Node, a `Response` costs more than all else of a Confirmation. */
export class TextAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;

  constructor(status: number, contentType: string, text: string) {
    this.status = status;
    this.contentType = contentType;
    this.text = text;
  }
}

export function asResponse(answer: Response | TextAnswer): Response {
  if (answer instanceof Response) return answer;
  return new Response(answer.text, { status: answer.status, headers: { "content-type": answer.contentType } });
}
