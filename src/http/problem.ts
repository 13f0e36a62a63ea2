/** An error as RFC 9457 has it: what happened in `title`, and what to do in `detail`. */
export function problem(status: number, title: string, detail: string, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ title, status, detail }), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}
