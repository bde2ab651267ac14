select
  records.team_id,
  records.admin_id,
  {{ live_columns('records') }}
from {{ source('intercom_lake', 'team_admin_flat') }} as records
