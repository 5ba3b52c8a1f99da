//! Tokio's test attribute, whose test can be a hunt.

use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

use crate::failure::Failure;
use crate::function::{Function, code};
use crate::options::text;

/// What makes the test a hunt.
const WISH: &str = "UNPICK_TOKIO_TEST=hunt";

/// The test: a hunt if that is asked for, and otherwise what tokio makes of the function.
pub(crate) fn test(attribute: TokenStream, item: TokenStream) -> Result<TokenStream, Failure> {
    let function = Function::parse(item, "#[tokio::test]")?;
    let arguments: Vec<TokenTree> = attribute.into_iter().collect();
    // As in tokio's own attribute, there is no path before the name of the crate.
    let krate = argument(&arguments, "crate").and_then(text).unwrap_or_else(|| "tokio".into());
    let mut body = function.function();
    body.extend(as_hunt(&function, &krate));
    body.extend(as_it_is(&function, &krate, arguments));
    let output =
        if function.output().is_empty() { "" } else { " -> impl ::std::process::Termination" };
    Ok(function.moved_into(output, body))
}

/// `if … { return …; }`
fn as_hunt(function: &Function, krate: &str) -> TokenStream {
    let here = Span::call_site();
    let output = function.output();
    let (name, span) = function.name();
    let mut hunt = function.hunt(&format!("{krate}::macros::hunt"), Some(WISH));
    hunt.extend(function.demands());
    let run = if output.is_empty() || output.to_string().contains("Result") {
        format!(".run_test(|| {{ {krate}::sim::enter(); {name}() }})")
    } else {
        // It says that it failed, but not why.
        format!(
            ".run_test(|| {{ {krate}::sim::enter(); \
             async {{ {krate}::macros::hunt::Exit::of({name}().await) }} }})"
        )
    };
    hunt.extend(code(&run, span));
    hunt.extend(code(";", here));
    hunt.extend(if output.is_empty() {
        code("return;", here)
    } else {
        code(&format!("return {krate}::macros::hunt::Ended::Hunt;"), here)
    });
    let mut tokens = code(&format!("if {krate}::macros::hunt::is_asked_for()"), here);
    tokens.extend([TokenTree::Group(Group::new(Delimiter::Brace, hunt))]);
    tokens
}

/// The function, called by one of tokio's own making.
fn as_it_is(function: &Function, krate: &str, mut arguments: Vec<TokenTree>) -> TokenStream {
    let (name, span) = function.name();
    if argument(&arguments, "flavor").is_none() {
        // That of tokio's tests, which is not that of its main functions.
        let mut with_flavor: Vec<_> =
            code("flavor = \"current_thread\",", span).into_iter().collect();
        with_flavor.append(&mut arguments);
        arguments = with_flavor;
    }
    let mut main = code(&format!("{krate}::__tokio::main"), span);
    let arguments = Group::new(Delimiter::Parenthesis, arguments.into_iter().collect());
    main.extend([TokenTree::Group(arguments)]);
    let mut tokens = code("#", span);
    tokens.extend([TokenTree::Group(Group::new(Delimiter::Bracket, main))]);
    tokens.extend(code("async fn __as_it_is()", span));
    tokens.extend(function.output());
    tokens.extend(code(&format!("{{ {name}().await }}"), span));
    tokens.extend(if function.output().is_empty() {
        code("__as_it_is();", span)
    } else {
        code(&format!("{krate}::macros::hunt::Ended::AsItIs(__as_it_is())"), span)
    });
    tokens
}

/// The value of an argument `name = value`.
fn argument<'a>(arguments: &'a [TokenTree], name: &str) -> Option<&'a [TokenTree]> {
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    arguments.split(is_comma).find_map(|argument| match argument {
        [TokenTree::Ident(ident), TokenTree::Punct(punct), value @ ..]
            if ident.to_string() == name && punct.as_char() == '=' =>
        {
            Some(value)
        }
        _ => None,
    })
}
