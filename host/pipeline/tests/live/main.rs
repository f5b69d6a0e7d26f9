//! A live site with synthetic cameras, a scripted detector and real plugins.

mod hostile;
mod site;
mod swap;
