/*
 * nginx's own tokens: how ngx_conf_read_token() (nginx/src/core/ngx_conf_file.c) cuts configuration
 * text into words, `;`, `{` and `}`, quotes, escapes and comments included. Used to check snippets
 * against the policy, and to prove in tests that rendered text means what was intended.
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
	unsigned line;     /* where the token begins, from 1; of an error: where nginx sees it */
	const char *error; /* TOKEN_ERROR: what nginx would not take */
};

struct lexer {
	const char *at, *end;
	const char *start; /* of the word or comment at hand: nginx's 4096 bytes count from here */
	unsigned line, start_line;
	unsigned words;  /* of the directive at hand */
	bool need_space; /* a quoted word has just ended */
	struct buf word;
};

/* The text is borrowed until lexer_fini(). */
void lexer_init(struct lexer *l, const char *text, size_t size);
void lexer_fini(struct lexer *l);
/*
 * The next token. `;` and `{` come only after at least one word, `}` never after one: anything else
 * is TOKEN_ERROR, as is text that ends within a directive. The caller has to check whether a `}`
 * closes a block. After TOKEN_END and TOKEN_ERROR lexer_next() must not be called again.
 */
struct token lexer_next(struct lexer *l);

#endif
