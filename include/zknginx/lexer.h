/*
 * nginx's own tokens: how ngx_conf_read_token() (nginx/src/core/ngx_conf_file.c)
 * cuts configuration text into words, `;`, `{` and `}`, quotes, escapes and
 * comments included. Used to hold snippets to the policy and to prove in tests
 * that what was rendered reads back as what was meant.
 */
#ifndef ZKNGINX_LEXER_H
#define ZKNGINX_LEXER_H

#include <stdbool.h>
#include <zknginx/buf.h>

enum token_kind { TOKEN_WORD, TOKEN_SEMICOLON, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_END, TOKEN_ERROR };

struct token {
	enum token_kind kind;
	const char *word; /* unescaped; valid until the next call */
	size_t size;
	bool quoted;
	unsigned line;     /* from 1 */
	const char *error; /* TOKEN_ERROR: what nginx would not take */
};

struct lexer {
	const char *at, *end;
	unsigned line;
	struct buf word;
};

void lexer_init(struct lexer *l, const char *text, size_t size);
void lexer_fini(struct lexer *l);
struct token lexer_next(struct lexer *l);

#endif
