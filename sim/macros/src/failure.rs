//! What is wrong with a use of the macro, as an error of the compiler.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// What is wrong, and where.
pub(crate) struct Failure {
    message: String,
    from: Span,
    to: Span,
}

impl Failure {
    /// At one place.
    pub(crate) fn at(span: Span, message: impl Into<String>) -> Failure {
        Failure { message: message.into(), from: span, to: span }
    }

    /// From the first to the last of some tokens, or where the macro is used if there are none.
    pub(crate) fn over(tokens: &[TokenTree], message: impl Into<String>) -> Failure {
        let span = |token: Option<&TokenTree>| token.map_or_else(Span::call_site, TokenTree::span);
        Failure { message: message.into(), from: span(tokens.first()), to: span(tokens.last()) }
    }

    /// `::core::compile_error!("…");`: the compiler underlines from the first token's span to the
    /// last one's.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let Failure { message, from, to } = self;
        let punct = |character, spacing, span| {
            let mut punct = Punct::new(character, spacing);
            punct.set_span(span);
            TokenTree::Punct(punct)
        };
        let ident = |name| TokenTree::Ident(Ident::new(name, from));
        let mut text = Literal::string(&message);
        text.set_span(to);
        let mut group = Group::new(Delimiter::Parenthesis, TokenTree::Literal(text).into());
        group.set_span(to);
        let tokens = [
            punct(':', Spacing::Joint, from),
            punct(':', Spacing::Alone, from),
            ident("core"),
            punct(':', Spacing::Joint, from),
            punct(':', Spacing::Alone, from),
            ident("compile_error"),
            punct('!', Spacing::Alone, from),
            TokenTree::Group(group),
            punct(';', Spacing::Alone, to),
        ];
        tokens.into_iter().collect()
    }
}
