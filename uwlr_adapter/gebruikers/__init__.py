"""The users of the portal: accounts, the vestigingen that each acts for, passwords and the second factor."""
