"""covid: lung-CT slices classified as COVID-19 infected or not. A teaching tool, never a diagnostic one."""
